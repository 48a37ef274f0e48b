/* SPDX-License-Identifier: MIT */
/*
 * A snapshot job: all of a process that goes into a file. It is a copy, so that the process can go
 * on; if the process has ended, it is taken from it.
 */
#ifndef TTLOG_JOB_H
#define TTLOG_JOB_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "boot.h"
#include "crash.h"
#include "disk_room.h"
#include "event_stacks.h"
#include "snapshot_source.h"

struct attach;
struct job_queue;
struct kernel;
struct process;
struct tags;
struct trigger_request;
struct writer;

/* The drain thread counts a request's jobs down. */
struct job {
	struct snapshot_source source; /* has its texts, and points into what follows */
	struct ring_copy *events;
	struct thread *threads;
	struct site_table **modules; /* by number, as far as the process has them */
	struct crash crash;
	struct event_stack *stacks; /* --stack: of its events; NULL: none */
	size_t stack_cnt;
	uint64_t start_ns;               /* with source.pid: which process */
	uint64_t asked_ns;               /* CLOCK_MONOTONIC */
	struct trigger_request *request; /* NULL: no client waits for it */

	bool is_last; /* nothing comes into the ring any more: if it has no room on disk, a part
		       * may be written, and the rest is tried again */

	/* set by job_queue.c and writer.c */
	int err;
	uint64_t events_cnt, corrupt_cnt;
	uint64_t file_bytes;
	char path[PATH_MAX]; /* of the file, if there is one */
	uint64_t left_out;   /* so many older events had no room in it */
	bool has_part;       /* events were left out before: that file goes when all is written */
	bool is_sealed; /* its file is encrypted: no other place may tell more than its label */
	struct disk_room room; /* on the disk, when there was no room for all */
	bool is_resolved;      /* its crash has names */

	/* set by retries.c */
	unsigned int tries;
	uint64_t retry_ns; /* when to try again, even if there is no more room */

	bool is_before; /* live.h: its events are not shown */
	uint64_t bytes; /* of the ring that may have to be saved while it waits */
	struct job *next;
};

/* What jobs of all processes need. */
struct job_context {
	struct kernel *kernel;
	struct attach *attach;
	struct clock *clock; /* sampled for each snapshot */
	struct job_queue *queue;
	struct writer *writer;
	const struct tags *tags; /* NULL: none */
	char boot_id[BOOT_ID_BYTES];
};

/* How much of the process's ring a new job may have to save while it waits, at most. 0 for the
 * first job of a process: that may always wait. */
uint64_t job__bytes(const struct process *process);
/* The process must have a ring. If it has ended, it must stay until the job is done. NULL with
 * errno. */
struct job *job__new(struct process *process, const struct job_context *context,
		     const char *reason);
/* A job of what came since that position of the ring, for followers (live.h) and streams
 * (streams.h). It does not have how the process ended. */
struct job *job__new_since(struct process *process, const struct job_context *context,
			   uint64_t position, uint64_t *ret_events_before);

/* Adds the stacks of events that this taker did not have yet (event_stacks.h), without names. */
void job__add_stacks(struct job *job, struct process *process, enum event_stack_taker taker);

/* Adds how the process ended, if it has, in a few words: its code or signal. */
void job__add_exit(struct job *job, const struct process *process);

/* NULL is fine. */
void job__free(struct job *job);

#endif /* TTLOG_JOB_H */
