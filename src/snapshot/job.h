/* SPDX-License-Identifier: MIT */
/*
 * A snapshot job: all of a process that goes into a file, kept, so that the process can go on, or,
 * where it has ended, taken from it.
 */
#ifndef TTLOG_JOB_H
#define TTLOG_JOB_H

#include <stdint.h>

#include "boot.h"

struct attach;
struct clock;
struct kernel;
struct process;
struct writer;
struct writer_job;

/* What jobs of all processes need beside the process. */
struct job_context {
	struct kernel *kernel;
	struct attach *attach;
	struct clock *clock; /* sampled for each snapshot */
	struct writer *writer;
	char boot_id[BOOT_ID_BYTES];
};

/* Of the process's ring that a job may have to keep while it waits, at most. */
uint64_t job__bytes(const struct process *process);
/* The process has a ring; where it has ended, it stays until the job is done. NULL with errno:
 * ENOBUFS where too many wait to be written. */
struct writer_job *job__new(struct process *process, const struct job_context *context,
			    const char *reason);
/* Of what came since that position of its ring, for those who follow (live.h): nothing of how it
 * ended, if it has. */
struct writer_job *job__new_since(struct process *process, const struct job_context *context,
				  uint64_t position, uint64_t *ret_events_before);

#endif /* TTLOG_JOB_H */
