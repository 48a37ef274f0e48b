/* SPDX-License-Identifier: MIT */
/*
 * Events of running collectors as they come: live chunks, each a snapshot of one moment.
 *
 * Follows all collectors whose control sockets this user can reach, also those that start later.
 * Each collector evaluates the filter and sends only what matches. Asking for the next live chunk
 * answers the one before. A collector sends only so many that are not answered, and counts what it
 * leaves out. Only follow__open() and follow__settle() wait. One thread.
 */
#ifndef TTLOG_VIEW_FOLLOW_H
#define TTLOG_VIEW_FOLLOW_H

#include <ttlog/read.h>

struct follow;

enum follow_news {
	FOLLOW_NOTHING, /* until follow__fd() is readable */
	FOLLOW_CHUNK,
	FOLLOW_PAUSE, /* all of one moment has come; ask again */
	FOLLOW_TOLD,  /* the same, and follow__told() has something for the user */
	FOLLOW_ENDED, /* all collectors have ended */
};

struct follow_counts {
	uint64_t dropped; /* matched, but no more were asked for, or they could not be read */
	uint64_t missed;  /* that were overwritten before the collector could look at them */
};

/*
 * Returns when every collector has answered; after that, each event comes or is counted. Collectors
 * do not apply --search: filter the live chunks again. Returns NULL with errno: ENOENT: no
 * collector runs, EINVAL: all refuse. ret_why: lines for the user, why not, or which collectors are
 * not followed; "": none.
 */
struct follow *follow__open(const struct ttlog_filter *filter, char *ret_why, size_t why_size);
void follow__close(struct follow *follow);

/* Lines for the user: which collectors came or went. Valid until follow__next(). */
const char *follow__told(const struct follow *follow);
size_t follow__collector_cnt(const struct follow *follow);
/* To be polled for reading. */
int follow__fd(const struct follow *follow);
/* FOLLOW_CHUNK: ret is a reader, which the caller owns. */
enum follow_news follow__next(struct follow *follow, struct ttlog_snapshot **ret);
/* Nothing more is wanted: live chunks that wait count as dropped, and collectors get a moment to
 * say what they left out. */
void follow__settle(struct follow *follow);
void follow__counts(const struct follow *follow, struct follow_counts *ret);

#endif /* TTLOG_VIEW_FOLLOW_H */
