/* SPDX-License-Identifier: MIT */
/*
 * Events of running collectors as they come, as snapshots of a moment, one after another.
 *
 * All collectors whose control sockets this user can reach are followed, those that start later too;
 * each evaluates the filter itself and sends only what matches. To ask for the next live chunk is to
 * be done with the one before. A collector has so many on the way and no more, and counts what it
 * leaves out. Only follow__open() waits. One thread.
 */
#ifndef TTLOG_VIEW_FOLLOW_H
#define TTLOG_VIEW_FOLLOW_H

#include <stddef.h>
#include <stdint.h>

#include <ttlog/read.h>

struct follow;

enum follow_news {
	FOLLOW_NOTHING, /* until follow__fd() is readable */
	FOLLOW_CHUNK,
	FOLLOW_PAUSE, /* what came at one moment is there; ask again */
	FOLLOW_TOLD,  /* the same, and follow__told() has something for the user */
	FOLLOW_ENDED, /* all collectors have */
};

struct follow_counts {
	uint64_t events;  /* in live chunks that came */
	uint64_t dropped; /* that matched, and were left out as nobody asked for more, or no use */
	uint64_t missed;  /* that were overwritten before the collector could look at them */
};

/*
 * Returns when every collector has answered; from then on all that happens comes, or is counted.
 * Collectors do not apply --search: filter the live chunks again. NULL with errno: ENOENT where none
 * runs, EINVAL where all refuse. In ret_why what to tell the user, maybe several lines: why not, or
 * else of which collectors nothing will come; "" where there is nothing to tell.
 */
struct follow *follow__open(const struct ttlog_filter *filter, char *ret_why, size_t why_size);
void follow__close(struct follow *follow);

/* Of collectors that came or went, while others are followed: lines. Until follow__next(). */
const char *follow__told(const struct follow *follow);
size_t follow__collector_cnt(const struct follow *follow);
/* To be polled for reading. */
int follow__fd(const struct follow *follow);
/* With a live chunk: a reader that is the caller's to close, whenever it likes. */
enum follow_news follow__next(struct follow *follow, struct ttlog_snapshot **ret);
/* Nothing more is wanted: what waits to be taken counts as dropped, and the collectors have a
 * moment to say what they left out. */
void follow__settle(struct follow *follow);
void follow__counts(const struct follow *follow, struct follow_counts *ret);

#endif /* TTLOG_VIEW_FOLLOW_H */
