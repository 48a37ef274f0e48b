/* SPDX-License-Identifier: MIT */
/*
 * All recorded processes: takes what drain.c reads from the kernel, and turns requests for snapshots
 * into jobs for the writer.
 *
 * Belongs to the drain thread.
 */
#ifndef TTLOG_RECORDER_H
#define TTLOG_RECORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "job.h"

struct attach;
struct attached_process;
struct clock;
struct job;
struct kernel;
struct live;
struct prefault;
struct recorder;
struct ring_budget;
struct trigger_request;
struct wire_batch;
struct wire_head;
struct writer;

/* What the main thread is told, by a write of one of these into notify_fd. */
enum recorder_event {
	RECORDER_DONE = 1, /* the last process that was given has ended, or of CMD's tree */
};

struct recorder_notice {
	uint32_t event; /* enum recorder_event */
};

struct recorder_options {
	struct job_context job;    /* but boot_id: recorder__new() sets that */
	struct live *live;         /* NULL: nobody can follow */
	struct prefault *prefault; /* NULL: rings look after their memory themselves */
	const char *ring_dir;      /* NULL: anonymous memory */
	size_t ring_bytes;
	struct ring_budget *budget; /* of all rings; NULL: without a limit */
	unsigned on;                /* enum trigger_on, or-ed */
	bool all_given;             /* whoever records was given: it belongs to CMD */
	bool quiet;
	int notify_fd; /* a pipe; a notice that finds it full comes later */
	/* Must not wait. look: enum attach_look. start_ns: as the kernel stamps the process, 0
	 * unknown. Whether it will be done. */
	bool (*look)(void *ctx, uint32_t pid, uint64_t start_ns, uint32_t look);
	void *look_ctx;
};

/* NULL with errno. */
struct recorder *recorder__new(const struct recorder_options *options);
void recorder__free(struct recorder *recorder);

/* One that comes, or what was found of one that is known. */
void recorder__take_attached(struct recorder *recorder, struct attached_process *attached);
void recorder__take_batch(struct recorder *recorder, const struct wire_batch *message);
/* Whether a snapshot comes of what a program asks for: else nobody needs to look what it has. */
bool recorder__heeds_request(const struct recorder *recorder, const struct wire_head *head);
/* Any message but a batch. */
void recorder__take_message(struct recorder *recorder, const struct wire_head *head);
/* Tells the kernel how much was read of whose; after each round of reading. */
void recorder__tell_consumed(struct recorder *recorder);

/*
 * Reads what running threads have not flushed, of one process or all (0). between() is called
 * before each batch that was read is taken: it must take all that the ring buffer has, since a
 * flush that came before the reading must be taken before it. Where it says that it could not, what
 * was read is left alone.
 */
void recorder__pull(struct recorder *recorder, uint32_t pid, bool (*between)(void *ctx), void *ctx);

/* As above, about once a second, where the machine may take the pages away that it is in, so that a
 * death could not copy them. */
void recorder__pull_idle(struct recorder *recorder, bool (*between)(void *ctx), void *ctx);

/*
 * Those who follow are shown what is new, ten times a second at most; between() as above. How long
 * that may wait, at most so many ms; and what is left, without pulling, at the end.
 */
void recorder__show(struct recorder *recorder, bool (*between)(void *ctx), void *ctx);
int recorder__live_wait_ms(const struct recorder *recorder, int longest_ms);
void recorder__show_all(struct recorder *recorder);

/* Takes ownership; the answer may come at once or later. Pull first. */
void recorder__snapshot(struct recorder *recorder, struct trigger_request *request);
/* A job is done; takes ownership. */
void recorder__job_done(struct recorder *recorder, struct job *job);
/* At the end, after all has been asked for: how many jobs are open. Those that memory or the like was
 * missing for are tried once more, before there is none. */
size_t recorder__last_jobs(struct recorder *recorder);

/* RECORDER_DONE, where no process that was given is left, nor one of CMD's tree. */
void recorder__tell_done(struct recorder *recorder);
/* Says how many of its tree are left, if any; then as above. */
void recorder__command_ended(struct recorder *recorder);
/* Ends the books of processes that are gone and whose end was not seen; about once a second. */
void recorder__sweep(struct recorder *recorder);
/* All that the kernel had when the round began was taken. */
void recorder__end_round(struct recorder *recorder);
/* Ends the books of those that have ended but for a look at them that was asked for. */
void recorder__settle(struct recorder *recorder);
/* Snapshots of those that crashed and are kept from being gone, by a core dump; ten times a
 * second. */
void recorder__hurry(struct recorder *recorder);

/* One line for each process that is left: the accounts. */
void recorder__report(struct recorder *recorder);
/*
 * At the end: what could not be written stays for the next collector, which is said. Whether there is
 * such.
 */
bool recorder__leave(struct recorder *recorder);
/* Whether a snapshot could not be written. */
bool recorder__failed(const struct recorder *recorder);

#endif /* TTLOG_RECORDER_H */
