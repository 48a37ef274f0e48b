/* SPDX-License-Identifier: MIT */
/*
 * The aggregate of one field's numbers: count, minimum, mean, maximum, and quantiles. Quantiles are
 * exact while there are at most DISTINCT_MAX different numbers; after that a sketch gives them.
 *
 * Integers and decimals of one scale are added up exactly; so is floating point that the file
 * stores as scaled integers (150.25 as 15025). Numbers of another scale, or of none, are added up
 * as doubles, and then the mean is a double, too. NaN and infinities are counted, and nothing else.
 */
#ifndef TTLOG_VIEW_AGGREGATE_H
#define TTLOG_VIEW_AGGREGATE_H

#include <ttlog/read.h>
#include "distinct.h"
#include "format_number.h"
#include "out.h"
#include "sketch.h"

__extension__ typedef __int128 aggregate_int;

#define AGGREGATE_TEXT_BYTES (FORMAT_NUMBER_BYTES + 64u)

/* Memory that many aggregates may still take, in bytes. Distinct numbers have their own share: once
 * they become many they give it back, which must always be possible. */
#define AGGREGATE_DISTINCT_BYTES (8u << 20) /* as --help says */

struct aggregate_memory {
	size_t bytes;          /* for sketches, and what else its owner takes of it */
	size_t distinct_bytes; /* once it is used up, all numbers count as many */
};

struct aggregate {
	struct sketch sketch;     /* used if is_many */
	struct distinct distinct; /* used otherwise */
	bool is_many;
	bool no_quantiles; /* no memory was left for the sketch */
	bool has_wide;     /* not all values are floats */

	/* exact: in units of 10^-scale */
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

/* 10^exponent. */
double aggregate__power(unsigned exponent);
/* Whether values of the type are numbers. */
bool aggregate__takes(uint8_t type);

void aggregate__fini(struct aggregate *aggregate);
/* Adds values of a column of such a type: `cnt` rows, or the first ones if rows is NULL. */
void aggregate__column(struct aggregate *aggregate, struct aggregate_memory *memory,
		       const struct ttlog_column *column, const uint32_t *rows, uint32_t cnt);

/* How many finite values there are. */
static inline uint64_t aggregate__cnt(const struct aggregate *aggregate)
{
	return aggregate->exact_cnt + aggregate->real_cnt;
}

/* Writes the statistic as a JSON number, in AGGREGATE_TEXT_BYTES. Returns the length, 0 if there is
 * none. */
size_t aggregate__text(const struct aggregate *aggregate, enum statistic which, char *to);
/* All of them as members of a JSON object, each after a comma; null if there is none. */
void aggregate__print_json(const struct aggregate *aggregate, struct out *out);
/* One as a double; NaN if there is none. */
double aggregate__value(const struct aggregate *aggregate, enum statistic which);
/* The same as whole nanoseconds, at most UINT64_MAX; 0 if there is none. */
uint64_t aggregate__ns(const struct aggregate *aggregate, enum statistic which);

/* Goes through the numbers, the least first: through buckets of the sketch, or through distinct
 * numbers. The `from` and `to` of such a bucket are the number. */
struct aggregate_walk {
	struct distinct_slot slots[DISTINCT_MAX];
	size_t at, cnt;
};

void aggregate__walk(const struct aggregate *aggregate, struct aggregate_walk *ret);
bool aggregate__next(const struct aggregate *aggregate, struct aggregate_walk *walk,
		     struct sketch_bucket *ret);
/* The value that stands for a bucket: within SKETCH_ERROR of all its values. */
double aggregate__middle(const struct aggregate *aggregate, const struct sketch_bucket *bucket);

#endif /* TTLOG_VIEW_AGGREGATE_H */
