/* SPDX-License-Identifier: MIT */
/*
 * What the numbers of one field come to: how many, the least, the mean, the greatest, and quantiles:
 * exact ones while no more than DISTINCT_MAX different numbers came, then of a sketch.
 *
 * Whole numbers, and decimals of one scale, are added up exactly, floating point that a file holds
 * as scaled numbers (150.25 as 15025) among them. What is of another scale, or has none, is added
 * in floating point; then the mean is, too. NaN and infinities are counted apart and are part of
 * nothing else.
 */
#ifndef TTLOG_VIEW_FIGURES_H
#define TTLOG_VIEW_FIGURES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ttlog/read.h>
#include "distinct.h"
#include "format_number.h"
#include "sketch.h"

__extension__ typedef __int128 figures_int;

#define FIGURES_TEXT_BYTES (FORMAT_NUMBER_BYTES + 64u)

struct ttlog_column;

/* What many figures may still take of it, in bytes. That of distinct numbers is apart: it is given back
 * where they become many, and must not be lacking then. */
#define FIGURES_DISTINCT_BYTES (8u << 20) /* for all of a run, as --help says */

struct figures_memory {
	size_t bytes;          /* for sketches, and what else the owner takes of it */
	size_t distinct_bytes; /* where it is used up, numbers are many from the first on */
};

struct figures {
	struct sketch sketch;     /* of many */
	struct distinct distinct; /* else */
	bool is_many;
	bool no_quantiles; /* there was no memory for more of the sketch */
	bool has_wide;     /* not all values are floats */

	/* exact: numbers times 10^scale */
	uint64_t exact_cnt;
	unsigned scale;
	figures_int sum, min, max;
	/* all others */
	uint64_t real_cnt;
	long double real_sum;
	double real_min, real_max;
	uint64_t nan_cnt, infinite_cnt;
};

enum figure {
	FIGURE_MIN,
	FIGURE_MEAN,
	FIGURE_P50,
	FIGURE_P90,
	FIGURE_P99,
	FIGURE_MAX,
	FIGURE_CNT,
};

extern const char *const FIGURE_NAMES[FIGURE_CNT];

/* Whether values of that type are numbers that someone would add up. */
bool figures__takes(uint8_t type);

void figures__fini(struct figures *figures);
/* Values of a column of such a type: the `cnt` rows given, or from 0 on where rows is NULL. */
void figures__column(struct figures *figures, struct figures_memory *memory,
		     const struct ttlog_column *column, const uint32_t *rows, uint32_t cnt);

/* Finite values. */
static inline uint64_t figures__cnt(const struct figures *figures)
{
	return figures->exact_cnt + figures->real_cnt;
}

/* As a number of JSON, in FIGURES_TEXT_BYTES; returns the length, 0 where there is none. */
size_t figures__text(const struct figures *figures, enum figure which, char *to);
/* The same as a double; NaN where there is none. */
double figures__value(const struct figures *figures, enum figure which);
/* Of nanoseconds: whole ones. What a double rounds up to 2^64 is the greatest; 0 where there is none. */
uint64_t figures__ns(const struct figures *figures, enum figure which);

/* Goes through the numbers, the least first: through buckets of the sketch, or through distinct ones,
 * whose `from` and `to` are the number. */
struct figures_walk {
	struct distinct_slot slots[DISTINCT_MAX];
	size_t at, cnt;
};

void figures__walk(const struct figures *figures, struct figures_walk *ret);
bool figures__next(const struct figures *figures, struct figures_walk *walk,
		   struct sketch_bucket *ret);
/* What stands for the values of such a bucket: within SKETCH_ERROR of each. */
double figures__middle(const struct figures *figures, const struct sketch_bucket *bucket);

#endif /* TTLOG_VIEW_FIGURES_H */
