/* SPDX-License-Identifier: MIT */
/*
 * Which events of a loaded chunk are wanted: by time, thread, site and fields, column by column.
 */
#ifndef TTLOG_READ_ROW_SELECTION_H
#define TTLOG_READ_ROW_SELECTION_H

#include <stdbool.h>
#include <stdint.h>

#include "filter.h"
#include "reader.h"

/* Which events of one file are wanted. */
struct row_selection_rule {
	const struct ttlog_filter *filter;
	const uint8_t *sites;       /* enum filter_verdict, by number */
	const bool *threads;        /* by number */
	uint64_t first_ns, last_ns; /* CLOCK_MONOTONIC, both included */
};

struct row_selection {
	uint32_t cnt;
	const uint32_t *positions; /* in the chunk, ascending; NULL: all its events are wanted */
};

static inline uint32_t row_selection__at(const struct row_selection *selection, uint32_t i)
{
	return selection->positions ? selection->positions[i] : i;
}

/* Of the reader's loaded chunk; valid while that is loaded. Returns 0 or -ENOMEM. */
int row_selection__make(struct row_selection *ret, struct ttlog_snapshot *reader,
			const struct row_selection_rule *rule);

#endif /* TTLOG_READ_ROW_SELECTION_H */
