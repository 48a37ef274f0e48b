/* SPDX-License-Identifier: MIT */
/*
 * Spans that had begun but not ended by the end of a file: what each thread was doing.
 *
 * Chunks are read from the last one back, so an end is kept until its start comes. A start without
 * an end is open, unless a span around it has ended: then it was left by longjmp() or the like.
 * Memory is bounded for any file.
 */
#ifndef TTLOG_VIEW_OPEN_SPANS_H
#define TTLOG_VIEW_OPEN_SPANS_H

#include <ttlog/read.h>

#define OPEN_SPANS_MAX 1000u /* those that began last are left out */

/* The place of a span's start. */
struct open_span {
	size_t chunk;
	uint32_t row;
};

struct open_lane;

struct open_spans {
	struct ttlog_snapshot *reader;
	struct open_lane *lanes; /* by pid and tid; NULL: the file has no spans */
	size_t lane_cnt;
	uint32_t *lane_of; /* by entry of the file's threads */
	size_t held_cnt;   /* ends, in all lanes */
	struct open_span *found;
	uint64_t found_cnt; /* ever; found has the last ones, at [i % OPEN_SPANS_MAX] */
};

/* 0 or -ENOMEM. */
int open_spans__init(struct open_spans *ret, struct ttlog_snapshot *reader);
void open_spans__fini(struct open_spans *spans);
/* The chunk is loaded, and those after it were passed before. 0 or -ENOMEM. */
int open_spans__look_at(struct open_spans *spans, size_t chunk);

/* Each open span that is known, the oldest first; loads chunks for that, and skips what can't be
 * read. Returns 0 or -ENOMEM. */
int open_spans__each(const struct open_spans *spans,
		     void (*show)(void *to, const struct ttlog_event *begin), void *to);
/* How many more are open. */
uint64_t open_spans__more(const struct open_spans *spans);

#endif /* TTLOG_VIEW_OPEN_SPANS_H */
