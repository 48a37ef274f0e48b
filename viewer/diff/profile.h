/* SPDX-License-Identifier: MIT */
/*
 * What one snapshot holds, counted: the events of each site, level and thread, and the distribution
 * of each field's values. Memory is bounded; what does not fit is unknown.
 */
#ifndef TTLOG_VIEW_PROFILE_H
#define TTLOG_VIEW_PROFILE_H

#include <ttlog/read.h>
#include "aggregate.h"
#include "value_counts.h"

struct profile_field {
	struct aggregate aggregate; /* of numbers, and durations */
	struct value_counts values; /* of types that value_counts__takes() */
	bool is_started, falls;     /* falls: a number is smaller than the one before */
	uint64_t last;
};

struct profile_site {
	uint64_t cnt;
	struct profile_field *fields; /* one a field of the site; NULL: no event, or no memory */
};

struct profile {
	struct ttlog_snapshot *snapshot;
	const struct ttlog_info *info;
	struct profile_site *sites; /* by number */
	uint64_t *threads;          /* events, by number */
	uint64_t cnt;
	uint64_t first_ns, last_ns;     /* of the file within the range, whatever the filter is */
	struct aggregate_memory memory; /* what is left */
};

/* Counts the events of a snapshot. range: NULL for all. Returns 0 or -errno. */
int profile__init(struct profile *ret, struct ttlog_snapshot *snapshot,
		  const struct ttlog_filter *filter, const struct ttlog_range *range);
void profile__fini(struct profile *profile);

static inline double profile__seconds(const struct profile *profile)
{
	return (double)(profile->last_ns - profile->first_ns) / 1e9;
}

#endif /* TTLOG_VIEW_PROFILE_H */
