/* SPDX-License-Identifier: MIT */
/*
 * To which trace the threads of each process belonged when its last live chunk ended: a batch tells
 * it at its start, and a live chunk may begin in the middle. Of the live thread alone.
 */
#ifndef TTLOG_LIVE_CONTEXTS_H
#define TTLOG_LIVE_CONTEXTS_H

#include <stdint.h>

struct contexts;
struct job;

#define LIVE_CONTEXTS_MAX 256u /* processes; those that logged last stay */

struct live_contexts {
	struct live_context {
		struct contexts *contexts; /* NULL: the place is free */
		uint32_t pid;
		uint64_t start_ns, used; /* used: the greatest is the newest */
	} processes[LIVE_CONTEXTS_MAX];
	uint64_t uses;
};

/* Gives the job's source what is known, and goes on to the job's end. Returns what the caller has
 * to free after the job. */
struct contexts *live_contexts__pass(struct live_contexts *live, struct job *job);
void live_contexts__fini(struct live_contexts *live);

#endif /* TTLOG_LIVE_CONTEXTS_H */
