/* SPDX-License-Identifier: MIT */
/*
 * Jobs wait here for their two stages: a crash is put into words (autopsy.h), then the file is
 * written (writer.h). Threads of its own do that, so draining waits neither for a slow disk nor for
 * a large program's debug information.
 *
 * There are two threads: while one waits, the other goes on. The jobs of one process are done one
 * after another. A job has all that it needs, and its ring is frozen: however many processes crash
 * at once, nothing is in memory twice.
 */
#ifndef TTLOG_JOB_QUEUE_H
#define TTLOG_JOB_QUEUE_H

#include <stdbool.h>
#include <stdint.h>

struct attach;
struct job;
struct job_queue;
struct writer;

struct job_queue_options {
	struct attach *attach; /* for the names in a crash */
	struct writer *writer;
	/* In one of the threads; takes ownership of the job. */
	void (*done)(void *ctx, struct job *job);
	void *ctx;
};

/* NULL with errno. */
struct job_queue *job_queue__new(const struct job_queue_options *options);
/* Whether there is no room for one more job, for which so many bytes of a ring may have to be
 * copied while it waits: the disk is too slow, or stuck. */
bool job_queue__is_full(struct job_queue *queue, uint64_t bytes);
/* Takes ownership. The job may have been tried before. */
void job_queue__submit(struct job_queue *queue, struct job *job);
/* Gives up on a disk that does not answer: takes back the jobs that wait, as a list that the caller
 * owns. */
struct job *job_queue__give_up(struct job_queue *queue);
/* After that: the jobs that the threads work at, whose results will not come. is_named: its crash
 * has names, and does not change any more. */
void job_queue__each_busy(struct job_queue *queue,
			  void (*each)(void *ctx, const struct job *job, bool is_named), void *ctx);
/* Whether a thread may still be working at a job that was given up: then nothing that it uses may
 * be freed. NULL is fine. */
bool job_queue__hangs(struct job_queue *queue);
/* Finishes what waits first. NULL is fine. */
void job_queue__free(struct job_queue *queue);

#endif /* TTLOG_JOB_QUEUE_H */
