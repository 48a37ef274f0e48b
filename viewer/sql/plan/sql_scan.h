/* SPDX-License-Identifier: MIT */
/*
 * Goes through the events of a store, forward or backward, each once, within some bounds. Any
 * number of scans may go on at once.
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
	struct store_chunk *kept;         /* NULL: the chunk is not loaded yet */
	const struct ttlog_chunk *events; /* the loaded chunk's */
	uint32_t at, from, n;             /* the event; the n events from `from` on may match */
	bool is_open;                     /* every event of the chunk matches */
	bool is_over;
	/* The files are merged by this, the lowest first: the time of the event, or of the chunk's
	 * first one. */
	uint64_t key;
};

struct sql_scan {
	struct store *store;
	const struct sql_bounds *bounds;
	/* 1, or -1 for backward: before the first is beyond all. */
	size_t step;
	uint64_t flip; /* of keys: backward, the last event has the lowest */
	struct sql_scan_file *files;
	struct sql_scan_file *top; /* the file of the event; NULL: at the end */
	/* The first one of the other files: up to there the scan stays in `top`. */
	struct sql_scan_file *next;
};

/* Goes to the first event. The bounds must stay. Returns 0 or -ENOMEM; then ret is empty. */
int sql_scan__init(struct sql_scan *ret, struct store *store, const struct sql_bounds *bounds,
		   bool is_backward);
void sql_scan__fini(struct sql_scan *scan);

static inline bool sql_scan__is_over(const struct sql_scan *scan)
{
	return !scan->top;
}

void sql_scan__next(struct sql_scan *scan);
/* The event, valid until the next call. Not at the end. */
void sql_scan__event(const struct sql_scan *scan, struct ttlog_event *ret);
/* The number of the event's file in the store. */
static inline size_t sql_scan__file(const struct sql_scan *scan)
{
	return (size_t)(scan->top->file - scan->store->files);
}

/* The event's number, which is the same in every scan. */
int64_t sql_scan__number(const struct sql_scan *scan);

#endif /* TTLOG_VIEW_SQL_SCAN_H */
