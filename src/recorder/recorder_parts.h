/* SPDX-License-Identifier: MIT */
/*
 * What the files of the recorder share, and nobody else sees: recorder.c, recorder_pull.c (what is
 * unflushed), recorder_live.c (those who follow), recorder_jobs.c (snapshots), recorder_kept.c (those
 * for which the disk has no room).
 */
#ifndef TTLOG_RECORDER_PARTS_H
#define TTLOG_RECORDER_PARTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mapping_cache.h"
#include "process_table.h"
#include "recorder.h"

struct job;
struct owed;
struct process;
struct pull_meanwhile;
struct trigger_request;
struct wire_batch;
struct wire_head;

struct recorder {
	struct recorder_options options;
	struct process_table table;
	struct mapping_cache mapping_cache;
	struct process *last;   /* of the last batch: mostly the same again */
	struct process *pulled; /* it stays while it is read, whatever comes in meanwhile */
	size_t given_cnt;       /* given and not ended */
	bool owes_done;         /* the notice of that found no room */
	unsigned idle_sweeps;   /* without any process */
	size_t open_jobs;
	struct job *kept;                     /* that wait for room on the disk: recorder_kept.c */
	struct owed *first_owed, **last_owed; /* snapshots that wait for room, or for memory */
	bool ends;                            /* nothing will be tried again later */
	bool failed;
	bool told_untracked;
	bool saw_unused; /* unused modules were found before this round */
	struct wire_batch *pull_buffer;
	uint64_t live_due_ns; /* when those who follow are shown more */
	uint64_t idle_due_ns; /* when what is unflushed is looked at, whoever wants it */
};

/* The sender, known from now on if not before; with a ring. NULL without memory. */
struct process *recorder__find_recording(struct recorder *recorder, const struct wire_head *head);
/* As the kernel would: what is known of the thread may be old, or nothing at all. */
void recorder__stamp_thread(struct wire_head *head);
/* The process with that number that started then, of those that had it one after another. */
struct process *recorder__find(const struct recorder *recorder, uint32_t pid, uint64_t start_ns);
/* Asks for a look (enum attach_look); the answer comes as an attached_process. False without
 * memory. */
bool recorder__look(struct recorder *recorder, uint32_t pid, uint64_t start_ns, uint32_t what);
/* Where it has none; what can't be had is said once. */
void recorder__open_ring(struct recorder *recorder, struct process *process);
/* Threads that end at the same moment hand in after the end was told; soon. */
void recorder__end_when_whole(struct recorder *recorder, struct process *process);
/* Out of the table, with its accounts said, where it has ended and nothing works on it. */
void recorder__finish(struct recorder *recorder, struct process *process);

/*
 * A snapshot of the process, which has a ring, now or as soon as there is room for one more to be
 * written: until then the process owes it, and stays. 0, or -errno where there will be none, which
 * is said.
 */
int recorder__want(struct recorder *recorder, struct process *process, const char *reason,
		   struct trigger_request *request);

/* The same of one that has ended, or is about to, by its crash.exit_signal; 0 where that is not asked for. */
int recorder__want_end(struct recorder *recorder, struct process *process);

/* With each sweep: what is owed, as far as there is room and memory. */
void recorder__pay(struct recorder *recorder);

/*
 * The process's last snapshot, which could not be written, or not all of it: takes ownership of the
 * job, and tries again when there is room; after other failures in a second, then in two, at most 64.
 * The process counts as done with.
 */
void recorder__keep(struct recorder *recorder, struct process *process, struct job *job);
void recorder__try_kept(struct recorder *recorder);
/* At the end: those that failed but once, for no lack of room. */
void recorder__retry_kept(struct recorder *recorder);

/* With each sweep: what reading the kernel's ring buffers takes goes, when nothing was recorded for a while. */
void recorder__rest(struct recorder *recorder);

/* Of every process that runs, only batches that have something new. */
void recorder__pull_new(struct recorder *recorder, const struct pull_meanwhile *meanwhile);

/* Of a process that has ended, what nobody who follows has seen. */
void recorder__show_last(struct recorder *recorder, struct process *process);

#endif /* TTLOG_RECORDER_PARTS_H */
