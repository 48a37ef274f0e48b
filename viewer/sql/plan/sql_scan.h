/* SPDX-License-Identifier: MIT */
/*
 * The events of a store in their order, or from the last to the first, each once, of those within
 * some bounds. Any number of scans may go on at once.
 */
#ifndef TTLOG_VIEW_SQL_SCAN_H
#define TTLOG_VIEW_SQL_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sql_bounds.h"
#include "store.h"

/* Where the scan stands in one file. */
struct sql_scan_file {
	const struct store_file *file;
	const struct sql_bounds_file *bounds;
	size_t chunk;
	struct store_chunk *kept;         /* NULL: the chunk's turn has not come */
	const struct ttlog_chunk *events; /* the chunk's, where there is one */
	uint32_t at, from, n;             /* the event, of n in the chunk from that one on */
	bool is_open;                     /* every event of the chunk gets through */
	bool is_over;
	/* What the files are merged by, the lowest first: of the event, or of the chunk's first. */
	uint64_t key;
};

struct sql_scan {
	struct store *store;
	const struct sql_bounds *bounds;
	/* From an event, or a chunk, to the next: 1, or -1, so that before the first is beyond all. */
	size_t step;
	uint64_t flip; /* of keys: backward, what is last is the lowest */
	struct sql_scan_file *files;
	struct sql_scan_file *top; /* with the event; NULL: the scan is over */
	/* The next of another file: up to there the top goes on. */
	struct sql_scan_file *next;
};

/* Stands at the first event then. The bounds must stay. Returns 0 or -ENOMEM; then ret is empty. */
int sql_scan__init(struct sql_scan *ret, struct store *store, const struct sql_bounds *bounds,
		   bool is_backward);
void sql_scan__fini(struct sql_scan *scan);

static inline bool sql_scan__is_over(const struct sql_scan *scan)
{
	return !scan->top;
}

void sql_scan__next(struct sql_scan *scan);
/* Valid until the next one. Not where it is over. */
void sql_scan__event(const struct sql_scan *scan, struct ttlog_event *ret);
/* Which of the store's files the event is from. */
static inline size_t sql_scan__file(const struct sql_scan *scan)
{
	return (size_t)(scan->top->file - scan->store->files);
}

/* The same number for the same event in every scan: its place in its file, and the file. */
int64_t sql_scan__number(const struct sql_scan *scan);

#endif /* TTLOG_VIEW_SQL_SCAN_H */
