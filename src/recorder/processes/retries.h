/* SPDX-License-Identifier: MIT */
/*
 * Last snapshots of processes that could not be written, or only in part. The job keeps its frozen
 * ring, and is tried again: when the disk has more room, if that was missing, or after 64 seconds (a
 * quota does not show in the disk's room); after other failures in a second, then in two, at most
 * 64. What is left at the end stays for the next collector: the
 * ring, and the facts, with how the process ended.
 */
#ifndef TTLOG_RETRIES_H
#define TTLOG_RETRIES_H

#include <stdbool.h>
#include <stdint.h>

struct disk_room;
struct job;
struct process;
struct processes;

struct retries {
	struct job *first; /* NULL: none */
};

/* Takes ownership of the job. The collector does not wait for the process any more. */
void retries__add(struct retries *retries, struct processes *processes, struct process *process,
		  struct job *job);
/* A job that may be tried now; gives up ownership. ends: only those that failed once, and not for
 * lack of room. NULL: none. */
struct job *retries__take(struct retries *retries, const struct disk_room *room, bool ends);
/* Leaves a job for the next collector, once for each process, and says so. has_crash: nothing
 * changes its crash any more. Whether it is left now. */
bool retries__leave_unwritten(const struct processes *processes, const struct job *job,
			      bool has_crash);
/* Leaves all jobs for the next collector, and says so. Returns whether it left any. */
bool retries__leave(struct retries *retries, const struct processes *processes);

#endif /* TTLOG_RETRIES_H */
