/* SPDX-License-Identifier: MIT */
/*
 * Which events someone wants to see: expressions (src/common/query/expr.h), all of which must hold, and
 * --search.
 *
 * Knows events as event.h has them, no files and no outputs. What depends on the site or the thread
 * alone is decided once for each of them (filter__site, filter__thread), and time that bounds
 * everything before anything is read (filter__range), so that most events cost two table look-ups
 * at most; only then are field values fetched, and only of the keys it names.
 */
#ifndef TTLOG_READ_FILTER_H
#define TTLOG_READ_FILTER_H

#include <stdbool.h>
#include <stddef.h>

#include "event.h"

enum filter_verdict {
	FILTER_NO,
	FILTER_YES,
	FILTER_FIELDS, /* ask ttlog_filter_matches or filter__rows */
};

/* The filter that nothing was added to. */
const struct ttlog_filter *filter__everything(void);

/* Narrows the range of time, ns since 1970, both included. The rest only sees events in it. */
void filter__range(const struct ttlog_filter *filter, uint64_t *since_ns, uint64_t *until_ns);
enum filter_verdict filter__site(const struct ttlog_filter *filter, const struct ttlog_site *site);
bool filter__thread(const struct ttlog_filter *filter, const struct ttlog_thread *thread);

/* All events of one group. */
struct filter_rows {
	struct ttlog_event *event; /* any of them; its row is changed */
	uint32_t cnt;
	/* by row, where filter__needs_origins; thread numbers are below those of the table */
	const uint32_t *threads;
	const struct ttlog_thread *thread_table;
	const uint64_t *real_ns;
	uint8_t *pass;    /* by row: becomes 0 where ttlog_filter_matches would be false */
	uint8_t *scratch; /* filter__scratch_cnt times cnt */
};

/* Whether threads and times decide together with the rest. */
bool filter__needs_origins(const struct ttlog_filter *filter);
size_t filter__scratch_cnt(const struct ttlog_filter *filter);
/* Column by column. Rows whose pass is 0 already are not looked at. */
void filter__rows(const struct ttlog_filter *filter, const struct filter_rows *rows);

#endif /* TTLOG_READ_FILTER_H */
