/* SPDX-License-Identifier: MIT */
/*
 * The distribution of many numbers in little memory, for quantiles and histograms.
 *
 * A value counts in the bucket of its sign, its binary exponent and the first SKETCH_BITS bits
 * behind: a bucket is at most 1/64 of its values wide, so the middle of it is within
 * SKETCH_ERROR of every value in it. Whole numbers below 128 have a bucket each. Magnitudes that a
 * double has no full precision for (below 2.3e-308) count as 0.
 *
 * Memory is that of the buckets from the smallest to the largest magnitude seen, 512 bytes a factor
 * of two, 1 MiB for each sign at the most, and is taken from a budget that many sketches share.
 */
#ifndef TTLOG_VIEW_SKETCH_H
#define TTLOG_VIEW_SKETCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SKETCH_BITS  6u
#define SKETCH_ERROR (1.0 / 128)

/* Slot 0 counts what is 0; slot i, bucket first + i - 1. */
struct sketch_side {
	uint64_t *slots;
	uint32_t first, cnt; /* buckets; cnt slots are one more */
};

/* All zero is a sketch that is empty. */
struct sketch {
	struct sketch_side positive, negative;
	uint64_t cnt;
};

/* Values from `from` to below `to`; of negative ones, from above `to` to `from`. Both 0: of 0. */
struct sketch_bucket {
	double from, to;
	uint64_t cnt;
};

void sketch__fini(struct sketch *sketch);

/* Adds values, all finite, none below min or above max. Takes memory from *budget bytes.
 * Returns 0, or -ENOMEM: then nothing was added. */
int sketch__add(struct sketch *sketch, size_t *budget, const double *values, size_t cnt, double min,
		double max);
/* The same value so many times. */
int sketch__add_times(struct sketch *sketch, size_t *budget, double value, uint64_t times);

/* Goes through the buckets that are not empty, smallest values first: *at begins as 0. */
bool sketch__next(const struct sketch *sketch, size_t *at, struct sketch_bucket *ret);
/* Which value, counted from 1, is the smallest that at least `percent` of all do not exceed. */
uint64_t sketch__rank(const struct sketch *sketch, unsigned percent);
/* The bucket of the value of that rank, 1 to cnt. */
struct sketch_bucket sketch__ranked(const struct sketch *sketch, uint64_t rank);

#endif /* TTLOG_VIEW_SKETCH_H */
