/* SPDX-License-Identifier: MIT */
/*
 * A snapshot job: all of a process that goes into a file, kept, so that the process can go on, or,
 * where it has ended, taken from it.
 */
#ifndef TTLOG_JOB_H
#define TTLOG_JOB_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "boot.h"
#include "crash.h"
#include "snapshot_source.h"

struct attach;
struct clock;
struct job_queue;
struct kernel;
struct process;
struct ring_copy;
struct site_table;
struct thread;
struct trigger_request;
struct writer;

/* What a job was made for; the drain thread counts down a request's jobs. */
struct job {
	struct snapshot_source source; /* points into what follows */
	struct ring_copy *events;
	struct thread *threads;
	struct site_table **modules; /* by number, as far as the process has them */
	struct crash crash;
	char *service, *comm, *exe, *build_id, *reason;
	uint64_t start_ns;               /* with source.pid: which process */
	struct trigger_request *request; /* NULL: nobody waits for it */

	bool is_last; /* nothing comes into the ring any more: what does not fit on the disk may be
		       * written in part, and is worth to be tried again */

	/* set by the writer */
	int err;
	uint64_t events_cnt, corrupt_cnt;
	char path[PATH_MAX]; /* of the file, if there is one, */
	uint64_t left_out;   /* and so many older events had no room in it, */
	bool has_part;       /* or had not, the last time: its file goes when all is written */
	uint64_t free_bytes; /* that the disk had when all had no room */
	bool is_resolved;    /* its crash has names */

	/* set by retries.c */
	unsigned int tries;
	uint64_t retry_ns; /* where it was not for lack of room */

	uint64_t bytes; /* that may have to be copied of the ring while it waits */
	struct job *next;
};

/* What jobs of all processes need beside the process. */
struct job_context {
	struct kernel *kernel;
	struct attach *attach;
	struct clock *clock; /* sampled for each snapshot */
	struct job_queue *queue;
	struct writer *writer;
	char boot_id[BOOT_ID_BYTES];
};

/* How much of the process's ring a new job may have to keep while it waits, at most. 0: it may wait
 * whatever that costs, as the first of a process may. */
uint64_t job__bytes(const struct process *process);
/* The process has a ring; where it has ended, it stays until the job is done. NULL with errno. */
struct job *job__new(struct process *process, const struct job_context *context,
		     const char *reason);
/* Of what came since that position of its ring, for those who follow (live.h): nothing of how it
 * ended, if it has. */
struct job *job__new_since(struct process *process, const struct job_context *context,
			   uint64_t position, uint64_t *ret_events_before);

/* All owned memory too. NULL is fine. */
void job__free(struct job *job);

#endif /* TTLOG_JOB_H */
