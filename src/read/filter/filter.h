/* SPDX-License-Identifier: MIT */
/*
 * Which events are wanted: expressions (src/common/query/expr.h), which must all hold, and
 * --search.
 *
 * Knows events (event.h), but neither files nor outputs. Conditions on the site or the thread alone
 * are decided once for each of them (filter__site, filter__thread), bounds of time before anything
 * is read (filter__range). So most events cost at most two table look-ups. For the rest, only the
 * fields that the filter names are fetched.
 */
#ifndef TTLOG_READ_FILTER_H
#define TTLOG_READ_FILTER_H

#include <stdbool.h>
#include <stddef.h>

#include "event.h"

enum filter_verdict {
	FILTER_NO,
	FILTER_YES,
	FILTER_FIELDS, /* fields decide: ttlog_filter_matches(), filter__rows() */
};

/* The empty filter. */
const struct ttlog_filter *filter__everything(void);

/* Narrows the range of time, ns since 1970, both included. The other functions expect events in
 * it. */
void filter__range(const struct ttlog_filter *filter, uint64_t *since_ns, uint64_t *until_ns);
enum filter_verdict filter__site(const struct ttlog_filter *filter, const struct ttlog_site *site);
bool filter__thread(const struct ttlog_filter *filter, const struct ttlog_thread *thread);

/* All events of one group. */
struct filter_rows {
	struct ttlog_event *event; /* any of the group; filter__rows() changes its row */
	uint32_t cnt;
	/* by row, if filter__needs_origins(); threads are numbers in thread_table */
	const uint32_t *threads;
	const struct ttlog_thread *thread_table;
	const uint64_t *real_ns;
	const uint32_t *positions; /* in the chunk */
	uint8_t *pass;             /* by row: becomes 0 if ttlog_filter_matches() is false */
	uint8_t *scratch;          /* filter__scratch_cnt() times cnt */
};

/* Whether a condition combines threads or times with other keys, or is about ids. */
bool filter__needs_origins(const struct ttlog_filter *filter);
size_t filter__scratch_cnt(const struct ttlog_filter *filter);
/* Filters column by column, all rows whose pass is not yet 0. */
void filter__rows(const struct ttlog_filter *filter, const struct filter_rows *rows);

#endif /* TTLOG_READ_FILTER_H */
