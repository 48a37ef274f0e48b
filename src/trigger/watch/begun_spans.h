/* SPDX-License-Identifier: MIT */
/*
 * The watched spans of a process that have begun and not ended, so that a slow one is noticed while
 * it is open.
 *
 * Spans of a thread are nested: the end of one ends those in it, too, whose ends may be lost. So at
 * most as many spans are open as the program has open, and those that have lost their end are
 * forgotten with the next one outside of them, or with their thread.
 */
#ifndef TTLOG_BEGUN_SPANS_H
#define TTLOG_BEGUN_SPANS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct watched_site;

/* Of a process. Those beyond are noticed when they end. */
#define BEGUN_SPANS_MAX     16384u
/* Of spans of threads with the same hash, so many are looked at. */
#define BEGUN_SPANS_LOOK_AT 64u

struct begun_span {
	uint64_t begin_ticks, begin_ns;
	const struct watched_site *site;
	uint32_t tid;
	uint32_t next;  /* in its list; BEGUN_SPANS_NONE at the end */
	uint32_t fired; /* slow watches that it made fire */
	bool is_used;
};

#define BEGUN_SPANS_NONE  UINT32_MAX
#define BEGUN_SPANS_LISTS 1024u

/* All zeros: none. */
struct begun_spans {
	struct begun_span *items;
	size_t cap;
	uint32_t end, free, used_cnt; /* items up to `end` were ever used; a list of free ones */
	uint32_t *lists;              /* by hash of the tid, the newest first */
};

void begun_spans__fini(struct begun_spans *spans);
/* Without room or memory, it is not added. */
void begun_spans__add(struct begun_spans *spans, const struct begun_span *span);
/* It has ended, and all that were begun in it. Returns the watches that it made fire; 0 also if it
 * is not known. */
uint32_t begun_spans__end(struct begun_spans *spans, uint32_t tid, uint64_t begin_ticks);
/* The thread has ended. */
void begun_spans__end_thread(struct begun_spans *spans, uint32_t tid);
/* The process runs another program. */
void begun_spans__clear(struct begun_spans *spans);

/* The first one from *at on, which moves on; NULL: no more. */
struct begun_span *begun_spans__next(struct begun_spans *spans, uint32_t *at);

#endif /* TTLOG_BEGUN_SPANS_H */
