/* SPDX-License-Identifier: MIT */
/*
 * The events that a filter lets pass, as numbered rows: the model of the full screen.
 *
 * Nothing of an event is kept. rows__work goes over the sources once, a chunk at a time so that the
 * screen never waits for more than that, counts, and notes a mark now and then: where the stream
 * was at that row. A row is found again from the mark before it, which takes a chunk's decoding or
 * none. Marks take MARK_BYTES_MAX at most: where there are too many, every other goes.
 *
 * All rows of one `sources` may be used in turn, but what rows__event gives is valid only until
 * the next call for any of them.
 */
#ifndef TTLOG_VIEW_ROWS_H
#define TTLOG_VIEW_ROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ttlog/read.h>
#include "sources.h"

/* No key waits for longer, but for the chunk that is being decoded. */
#define ROWS_SLICE_NS 10000000u

struct ttlog_filter;
struct rows;

/* Which event it is, whatever the filter. Ordered by part, key, input, chunk, position. */
struct rows_place {
	uint64_t key; /* about wall time */
	uint32_t part, input, chunk, position;
};

/* Sees all events as they are found, the first of them being that row. */
typedef void rows_watch(void *context, uint64_t row, const struct ttlog_run *run);

/* Takes ownership of the filter, which may not need the time of the last event unless all sources
 * were scanned. NULL: no memory. */
struct rows *rows__new(struct sources *sources, struct ttlog_filter *filter,
		       const struct ttlog_range *range);
void rows__free(struct rows *rows);
/* Before the first rows__work. */
void rows__watch(struct rows *rows, rows_watch *watch, void *context);

/* Finds rows until then (CLOCK_MONOTONIC, ns), one step at least. Returns whether there may be more
 * to find: 1 or 0, or -ENOMEM. Goes on after 0 when a part was added. */
int rows__work(struct rows *rows, uint64_t until_ns);
uint64_t rows__cnt(const struct rows *rows);
/* Before sources__drop(): lets go of these parts. Returns how many rows are gone, all from
 * ret_first on; those behind them move up. */
uint64_t rows__drop(struct rows *rows, size_t cnt, uint64_t *ret_first);
/* Whether a regular expression of the filter was given up on some text. */
bool rows__gave_up(const struct rows *rows);
/* A key of the filter's that no file of the command line has; NULL: there is none. */
const char *rows__unknown_key(const struct rows *rows);
bool rows__is_done(const struct rows *rows);
unsigned rows__progress(const struct rows *rows); /* thousandths */
/* Whether all rows up to that place were found. */
bool rows__has_passed(const struct rows *rows, const struct rows_place *place);

/* An event. ret_place may be NULL. -ENODATA where there is no such row (any more). */
int rows__event(struct rows *rows, uint64_t row, struct ttlog_event *ret,
		struct rows_place *ret_place);
/* The first row at or behind a place; rows__cnt where there is none. ret_exact: it is that. */
uint64_t rows__find(struct rows *rows, const struct rows_place *place, bool *ret_exact);
/* Where what was at or after that moment begins, ns since 1970; no event need be there. */
struct rows_place rows__place_of_time(const struct rows *rows, uint64_t real_ns);

/* Sets place->key by the moment of its event (CLOCK_MONOTONIC). */
void rows__set_key(const struct rows *rows, struct rows_place *place, uint64_t mono_ns);
int rows_place__compare(const struct rows_place *a, const struct rows_place *b);

#endif /* TTLOG_VIEW_ROWS_H */
