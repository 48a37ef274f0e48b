/* SPDX-License-Identifier: MIT */
/*
 * Followers: clients of the control socket that get events as they come.
 *
 * A thread of its own takes jobs, which have a part of a ring frozen as a snapshot's job has, and
 * makes live chunks (live_chunk.h) of them for each follower. No thread waits for it: while it is
 * busy, the drain thread makes no new jobs for it, and what comes meanwhile stays in the rings
 * until they overwrite it. It waits for no follower: one that doesn't answer gets no more live
 * chunks, and what it missed is counted.
 */
#ifndef TTLOG_LIVE_H
#define TTLOG_LIVE_H

#include <stdbool.h>
#include <stdint.h>

struct attach;
struct job;
struct live;
struct record_filter;

#define LIVE_MAX_FOLLOWERS 16

/* attach: whose files name the stacks of events (--stack). NULL with errno. */
struct live *live__new(struct attach *attach);
/* After all other calls: shows what is left, and tells followers that this is the end. The jobs'
 * rings are the caller's, or gone. NULL is fine. */
void live__free(struct live *live);

/* Whether there are LIVE_MAX_FOLLOWERS. Any thread. */
bool live__is_full(struct live *live);
/* Takes ownership of descriptor and filter. -EUSERS: there are LIVE_MAX_FOLLOWERS; then they stay
 * the caller's. Any thread. */
int live__add(struct live *live, int fd, struct record_filter *filter);

/* The drain thread makes the calls that follow. */

enum live_state {
	LIVE_NOBODY,
	LIVE_NEW,  /* there is a follower that waits for live__begin() */
	LIVE_IDLE, /* all jobs are done */
	LIVE_BUSY,
};

enum live_state live__state(struct live *live);
/* From now on there will be a job for all that comes. */
void live__begin(struct live *live);
/* missed: how many events were overwritten before the job's. A job that is_before only says in which
 * contexts the threads are when the process's next job begins. Takes ownership. If there are too many
 * jobs already, this one is dropped, and its events are missed. */
void live__submit(struct live *live, struct job *job, uint64_t missed);
/* Frees the jobs that are done, and so what they keep of rings. */
void live__collect(struct live *live);

#endif /* TTLOG_LIVE_H */
