/* SPDX-License-Identifier: MIT */
/*
 * Those who follow: clients of the control socket that get events as they come.
 *
 * A thread of its own takes jobs, which have a part of a ring frozen as a snapshot's job has, and
 * makes live chunks (live_chunk.h) of them for each follower. No thread waits for it: while it is
 * busy, the drain thread makes no new jobs for it, and what comes meanwhile stays in the rings until
 * they overwrite it. It waits for nobody: a follower that doesn't answer gets no more live chunks,
 * and what it missed is counted.
 */
#ifndef TTLOG_LIVE_H
#define TTLOG_LIVE_H

#include <stdbool.h>
#include <stdint.h>

struct job;
struct live;
struct record_filter;

#define LIVE_MAX_FOLLOWERS 16

/* NULL with errno. */
struct live *live__new(void);
/* When nobody else calls any more: shows what is left, says that this is the end. The jobs' rings
 * are the caller's, or gone. NULL is fine. */
void live__free(struct live *live);

/* Whether there are as many followers as there may be. Any thread. */
bool live__is_full(struct live *live);
/* Takes descriptor and filter. -EUSERS where there are as many as there may be: then they stay the
 * caller's. Any thread. */
int live__add(struct live *live, int fd, struct record_filter *filter);

/* What follows is the drain thread's. */

enum live_state {
	LIVE_NOBODY,
	LIVE_NEW,  /* somebody follows, and waits for live__begin() */
	LIVE_IDLE, /* all jobs are done */
	LIVE_BUSY,
};

enum live_state live__state(struct live *live);
/* From now on there is a job for all that comes. */
void live__begin(struct live *live);
/* missed: events that were overwritten before the job's. Takes ownership; where there are too many
 * already the job is thrown away, and its events are missed. */
void live__submit(struct live *live, struct job *job, uint64_t missed);
/* Ends the jobs that are done: with them goes what keeps a part of a ring. */
void live__collect(struct live *live);

#endif /* TTLOG_LIVE_H */
