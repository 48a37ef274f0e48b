/* SPDX-License-Identifier: MIT */
/*
 * The events that a filter lets pass, as numbered rows.
 *
 * No event is kept. rows__work reads the sources once, one chunk at a time, so that the screen
 * waits for no more than a chunk. It counts events and sets a mark now and then: where the stream
 * was at that row. To find a row again it reads on from the mark before it, which decodes one chunk
 * or none. Marks take MARK_BYTES_MAX at most: if there are too many, every other one is dropped.
 *
 * All rows of one `sources` may be used in turn, but what rows__event gives is valid only until the
 * next call for any of them.
 */
#ifndef TTLOG_VIEW_ROWS_H
#define TTLOG_VIEW_ROWS_H

#include <ttlog/read.h>
#include "sources.h"

/* A key waits no longer than that, and for the chunk that is being decoded. */
#define ROWS_SLICE_NS 10000000u

struct ttlog_filter;
struct rows;

/* An event, whatever the filter is. Ordered by part, key, input, chunk, position. */
struct rows_place {
	uint64_t key; /* about wall time */
	uint32_t part, input, chunk, position;
};

/* Sees all events as they are found. `row` is the first of the run. */
typedef void rows_watch(void *context, uint64_t row, const struct ttlog_run *run);

/* Takes ownership of the filter. Unless all sources were scanned, it must not need the time of the
 * last event. NULL: no memory. */
struct rows *rows__new(struct sources *sources, struct ttlog_filter *filter,
		       const struct ttlog_range *range);
void rows__free(struct rows *rows);
/* Before the first rows__work. */
void rows__watch(struct rows *rows, rows_watch *watch, void *context);

/* Finds rows until then (CLOCK_MONOTONIC, ns), one step at least. Returns 1 if there may be more,
 * 0, or -ENOMEM. After a part was added there is more again. */
int rows__work(struct rows *rows, uint64_t until_ns);
uint64_t rows__cnt(const struct rows *rows);
/* Forgets the oldest live chunks; call it before sources__drop(). Returns how many rows are gone,
 * from ret_first on; the rows after them move up. */
uint64_t rows__drop(struct rows *rows, size_t cnt, uint64_t *ret_first);
/* A regular expression of the filter was too slow for some text. */
bool rows__gave_up(const struct rows *rows);
/* A key in the filter that no file of the command line has; NULL: there is none. */
const char *rows__unknown_key(const struct rows *rows);
bool rows__is_done(const struct rows *rows);
unsigned rows__progress(const struct rows *rows); /* in thousandths */
/* All rows up to that place were found. */
bool rows__has_passed(const struct rows *rows, const struct rows_place *place);

/* The event of a row. ret_place may be NULL. -ENODATA: there is no such row, or it cannot be
 * read. */
int rows__event(struct rows *rows, uint64_t row, struct ttlog_event *ret,
		struct rows_place *ret_place);
/* The first row at or after a place; rows__cnt if there is none. ret_exact: it is at the place. */
uint64_t rows__find(struct rows *rows, const struct rows_place *place, bool *ret_exact);
/* The place of a moment, ns since 1970. There need not be an event. */
struct rows_place rows__place_of_time(const struct rows *rows, uint64_t real_ns);

/* Sets place->key from the time of its event (CLOCK_MONOTONIC). */
void rows__set_key(const struct rows *rows, struct rows_place *place, uint64_t mono_ns);
int rows_place__compare(const struct rows_place *a, const struct rows_place *b);

#endif /* TTLOG_VIEW_ROWS_H */
