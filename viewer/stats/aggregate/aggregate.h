/* SPDX-License-Identifier: MIT */
/*
 * The aggregate of one field's numbers: count, minimum, mean, maximum, and quantiles. Quantiles are
 * exact while there are at most DISTINCT_MAX different numbers; after that a sketch gives them.
 *
 * Whole numbers, and decimals of one scale, are added up exactly, floating point that a file holds
 * as scaled numbers (150.25 as 15025) among them. What is of another scale, or has none, is added
 * in floating point; then the mean is, too. NaN and infinities are counted apart and are part of
 * nothing else.
 */
#ifndef TTLOG_VIEW_AGGREGATE_H
#define TTLOG_VIEW_AGGREGATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ttlog/read.h>
#include "distinct.h"
#include "format_number.h"
#include "sketch.h"

__extension__ typedef __int128 aggregate_int;

#define AGGREGATE_TEXT_BYTES (FORMAT_NUMBER_BYTES + 64u)

struct ttlog_column;

/* Memory that many aggregates may still take, in bytes. Distinct numbers have their own share: they
 * give it back once they become many, and must be able to. */
#define AGGREGATE_DISTINCT_BYTES (8u << 20) /* for all of a run, as --help says */

struct aggregate_memory {
	size_t bytes;          /* for sketches, and what else the owner takes of it */
	size_t distinct_bytes; /* where it is used up, numbers are many from the first on */
};

struct aggregate {
	struct sketch sketch;     /* of many */
	struct distinct distinct; /* else */
	bool is_many;
	bool no_quantiles; /* there was no memory for more of the sketch */
	bool has_wide;     /* not all values are floats */

	/* exact: numbers times 10^scale */
	uint64_t exact_cnt;
	unsigned scale;
	aggregate_int sum, min, max;
	/* all others */
	uint64_t real_cnt;
	long double real_sum;
	double real_min, real_max;
	uint64_t nan_cnt, infinite_cnt;
};

enum statistic {
	STATISTIC_MIN,
	STATISTIC_MEAN,
	STATISTIC_P50,
	STATISTIC_P90,
	STATISTIC_P99,
	STATISTIC_MAX,
	STATISTIC_CNT,
};

extern const char *const STATISTIC_NAMES[STATISTIC_CNT];

/* Whether values of that type are numbers that someone would add up. */
bool aggregate__takes(uint8_t type);

void aggregate__fini(struct aggregate *aggregate);
/* Values of a column of such a type: the `cnt` rows given, or from 0 on where rows is NULL. */
void aggregate__column(struct aggregate *aggregate, struct aggregate_memory *memory,
		       const struct ttlog_column *column, const uint32_t *rows, uint32_t cnt);

/* Finite values. */
static inline uint64_t aggregate__cnt(const struct aggregate *aggregate)
{
	return aggregate->exact_cnt + aggregate->real_cnt;
}

/* As a number of JSON, in AGGREGATE_TEXT_BYTES; returns the length, 0 where there is none. */
size_t aggregate__text(const struct aggregate *aggregate, enum statistic which, char *to);
/* The same as a double; NaN where there is none. */
double aggregate__value(const struct aggregate *aggregate, enum statistic which);
/* The same as whole nanoseconds, at most UINT64_MAX; 0 where there is none. */
uint64_t aggregate__ns(const struct aggregate *aggregate, enum statistic which);

/* Goes through the numbers, the least first: through buckets of the sketch, or through the distinct
 * numbers; `from` and `to` of such a bucket are the number. */
struct aggregate_walk {
	struct distinct_slot slots[DISTINCT_MAX];
	size_t at, cnt;
};

void aggregate__walk(const struct aggregate *aggregate, struct aggregate_walk *ret);
bool aggregate__next(const struct aggregate *aggregate, struct aggregate_walk *walk,
		     struct sketch_bucket *ret);
/* What stands for the values of such a bucket: within SKETCH_ERROR of each. */
double aggregate__middle(const struct aggregate *aggregate, const struct sketch_bucket *bucket);

#endif /* TTLOG_VIEW_AGGREGATE_H */
