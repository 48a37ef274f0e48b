/* SPDX-License-Identifier: MIT */
/*
 * How telling a difference between two runs is. README.md ("Comparing") explains it to users.
 *
 * change: how many doublings lie between the two values, SCORE_MAX_CHANGE at most, and that much
 * where one of them is none at all. is_sure: chance alone would give as much in one of a thousand
 * comparisons at most (a G-test, the likelihood ratio), and the change is not slight.
 */
#ifndef TTLOG_VIEW_SCORE_H
#define TTLOG_VIEW_SCORE_H

#include <stdbool.h>
#include <stdint.h>

#include "aggregate.h"

#define SCORE_MAX_CHANGE 10.0

struct score {
	double change; /* positive: the second is more */
	bool is_sure;
};

/* So many events in so many seconds; 0 seconds of either: the times do not count. */
struct score score__counts(uint64_t a, double a_s, uint64_t b, double b_s);
/* So many of so many. */
struct score score__shares(uint64_t a, uint64_t a_of, uint64_t b, uint64_t b_of);
/* A median or another quantile of two distributions that have values. */
struct score score__quantiles(const struct aggregate *a, const struct aggregate *b,
			      enum statistic which);

/* What findings are ordered by: so much change, seen in so many events. */
double score__weight(struct score score, uint64_t events);

#endif /* TTLOG_VIEW_SCORE_H */
