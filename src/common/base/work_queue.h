/* SPDX-License-Identifier: MIT */
/*
 * Work for many keys, done by threads of its own, so that the thread that posts it doesn't wait.
 *
 * For each key one job runs at a time. What is posted for the key meanwhile is done after that, in
 * one go. A key takes at most a fifth of a CPU. A key whose work hangs, in a file system that
 * doesn't answer, keeps a thread; the work for other keys goes on.
 */
#ifndef TTLOG_WORK_QUEUE_H
#define TTLOG_WORK_QUEUE_H

#include <stdbool.h>
#include <stdint.h>

/* If so many keys hang, no work goes on. */
#define WORK_QUEUE_MAX_THREADS 64

struct work_queue;

struct work {
	uint32_t key;
	uint32_t what;   /* the caller's flags, ORed over all posts */
	uint64_t detail; /* the caller's: of the last post */
};

/* Runs in any thread of the queue; never twice at once for one key. */
typedef void (*work_fn)(void *ctx, const struct work *work);

/* name: of its threads, at most 15 bytes. urgent: flags whose work starts at once, whatever CPU
 * time the key has used. NULL with errno. */
struct work_queue *work_queue__new(const char *name, work_fn run, void *ctx, uint32_t urgent);
/* From any thread; does not wait. 0 or -ENOMEM. */
int work_queue__post(struct work_queue *queue, const struct work *work);
/*
 * Drops all work that waits, and waits longest_ns at most for work that runs. False: some thread
 * hangs, so what it uses must stay.
 */
bool work_queue__stop(struct work_queue *queue, uint64_t longest_ns);
/* After work_queue__stop() was true. NULL is fine. */
void work_queue__free(struct work_queue *queue);

#endif /* TTLOG_WORK_QUEUE_H */
