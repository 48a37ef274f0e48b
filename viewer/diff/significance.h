/* SPDX-License-Identifier: MIT */
/*
 * How significant a difference between two runs is. README.md ("Comparing") explains it to users.
 *
 * change: the number of doublings between the two values, SIGNIFICANCE_MAX_CHANGE at most; that is
 * also the change from or to nothing. is_sure: the change is not slight, and chance alone causes as
 * much in one of a thousand comparisons at most (a G-test, the likelihood ratio).
 */
#ifndef TTLOG_VIEW_SIGNIFICANCE_H
#define TTLOG_VIEW_SIGNIFICANCE_H

#include <stdbool.h>
#include <stdint.h>

#include "aggregate.h"

#define SIGNIFICANCE_MAX_CHANGE 10.0

struct significance {
	double change; /* positive: the second is more */
	bool is_sure;
};

/* Counts of events in so many seconds; 0 seconds of either: the times do not count. */
struct significance significance__counts(uint64_t a, double a_s, uint64_t b, double b_s);
/* Shares: so many of so many. */
struct significance significance__shares(uint64_t a, uint64_t a_of, uint64_t b, uint64_t b_of);
/* Quantiles of two distributions that have values. */
struct significance significance__quantiles(const struct aggregate *a, const struct aggregate *b,
					    enum statistic which);

/* The score of a finding, by which findings are sorted: so much change, seen in so many events. */
double significance__weight(struct significance found, uint64_t events);

#endif /* TTLOG_VIEW_SIGNIFICANCE_H */
