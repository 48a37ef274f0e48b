/* SPDX-License-Identifier: MIT */
/*
 * The drain thread: empties the kernel's ring buffers into the recorder, and does everything else
 * that concerns recorded processes, one thing at a time.
 *
 * Other threads put things into its mailbox. Only drain__stop() and drain__add_process() wait for
 * it.
 */
#ifndef TTLOG_DRAIN_H
#define TTLOG_DRAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct attached_process;
struct clock;
struct drain;
struct job;
struct kernel;
struct recorder;
struct status;
struct status_board;
struct trigger_plan;
struct trigger_request;

struct drain_options {
	struct kernel *kernel;
	size_t batches_bytes;      /* size of the ring buffer */
	struct clock *clock;       /* the drain thread samples it */
	struct recorder *recorder; /* belongs to the drain thread from now on */
	/* Called when a process has come, or was looked at; must not wait. NULL: not. */
	void (*noticed)(void *ctx);
	void *ctx;
	bool has_stacks;             /* with --stack */
	struct status_board *status; /* NULL: it is never asked for its status */
};

/* NULL with errno. */
struct drain *drain__new(const struct drain_options *options);

/*
 * These take ownership. Any thread but the drain thread may call them. drain__add_process() returns
 * when the recorder has the process, so that its accounts begin before its first batch comes. Its
 * caller must hold no lock that the drain thread takes.
 */
void drain__add_process(struct drain *drain, struct attached_process *attached);
/* What was found in a known process. Does not wait. */
void drain__update_process(struct drain *drain, struct attached_process *attached);
void drain__request(struct drain *drain, struct trigger_request *request);
/* When snapshots are made from now on. */
void drain__set_plan(struct drain *drain, struct trigger_plan *plan);
void drain__job_done(struct drain *drain, struct job *job);

/* Writes to done_fd once more, if no process is left that the end must wait for. */
void drain__ask_done(struct drain *drain);
/* Rounds that the thread has made. Any thread. */
uint64_t drain__rounds(const struct drain *drain);

/* CMD has ended. */
void drain__command_ended(struct drain *drain);

/* See status_board__ask(); the caller gives it back by status_board__release(). */
const struct status *drain__ask_status(struct drain *drain, uint64_t max_age_ns,
				       unsigned int timeout_ms);

/*
 * Takes what is left, makes the last request (NULL: none) of it, and ends the thread when all
 * snapshots are written. The gates are closed by now.
 */
void drain__stop(struct drain *drain, struct trigger_request *last);
/* After drain__stop(). NULL is fine. */
void drain__free(struct drain *drain);

#endif /* TTLOG_DRAIN_H */
