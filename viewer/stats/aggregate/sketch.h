/* SPDX-License-Identifier: MIT */
/*
 * The distribution of many numbers in little memory, for quantiles and histograms.
 *
 * A value counts in the bucket of its sign, its binary exponent and the first SKETCH_BITS bits
 * behind: a bucket is at most 1/64 of its values wide, so the middle of it is within
 * SKETCH_ERROR of every value in it. Whole numbers below 128 have a bucket each. Magnitudes that a
 * double has no full precision for (below 2.3e-308) count as 0.
 *
 * Memory is that of the buckets from the smallest to the largest magnitude seen, 128 bytes a factor
 * of two as long as there are no more values than 16 bits count, 512 from then on; for each sign
 * 1 MiB at the most. It is taken from a budget that many sketches share.
 */
#ifndef TTLOG_VIEW_SKETCH_H
#define TTLOG_VIEW_SKETCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define SKETCH_BITS  6u
#define SKETCH_ERROR (1.0 / 128)
#define SKETCH_SHIFT (52u - SKETCH_BITS)
/* The first bucket: what is below is 0. */
#define SKETCH_FIRST (1u << SKETCH_BITS)

/* Slot i counts bucket first + i: 16 bits each, or 64 where the sketch is wide. */
struct sketch_side {
	void *slots;
	uint32_t first, cnt;
};

/* All zero is a sketch that is empty. */
struct sketch {
	struct sketch_side sides[2]; /* by sign bit */
	uint64_t cnt;
	uint64_t zero_cnt;
	bool is_wide;
};

/* Values from `from` to below `to`; of negative ones, from above `to` to `from`. Both 0: of 0. */
struct sketch_bucket {
	double from, to;
	uint64_t cnt;
};

void sketch__fini(struct sketch *sketch);

/* Adds values, all finite. Takes memory from *budget bytes. Returns 0, or -ENOMEM: then only those
 * were added that came before the first one that there is no slot for. */
int sketch__add(struct sketch *sketch, size_t *budget, const double *values, size_t cnt);
/* The same value so many times. */
int sketch__add_times(struct sketch *sketch, size_t *budget, double value, uint64_t times);

/*
 * Adding one by one, in somebody's loop over values: sketch__expect, then sketch__count of each;
 * where that is false there is no slot yet, and sketch__cover of the value makes one.
 */

/* So many values are about to come: is_wide stays as it is then. Returns 0 or -ENOMEM. */
int sketch__expect(struct sketch *sketch, size_t *budget, uint64_t cnt);
/* Makes slots for magnitudes from `low` to `high` of a sign. Returns 0 or -ENOMEM. */
int sketch__cover(struct sketch *sketch, size_t *budget, bool is_negative, double low, double high);

/* A finite value; is_wide is the sketch's. `cnt` is left to the caller. */
static inline bool sketch__count(struct sketch *sketch, double value, bool is_wide)
{
	const struct sketch_side *side = &sketch->sides[0];
	uint64_t bits, bucket, slot;

	memcpy(&bits, &value, sizeof(bits));
	bucket = bits >> SKETCH_SHIFT;
	slot = bucket - side->first;
	if (slot >= side->cnt) {
		side = &sketch->sides[bits >> 63];
		bucket = bits << 1 >> (SKETCH_SHIFT + 1);
		slot = bucket - side->first;
		if (bucket < SKETCH_FIRST) {
			sketch->zero_cnt++;
			return true;
		}
		if (slot >= side->cnt)
			return false;
	}
	if (is_wide)
		((uint64_t *)side->slots)[slot]++;
	else
		((uint16_t *)side->slots)[slot]++;
	return true;
}

/* Goes through the buckets that are not empty, smallest values first: *at begins as 0. */
bool sketch__next(const struct sketch *sketch, size_t *at, struct sketch_bucket *ret);
/* Which of `cnt` values, counted from 1, is the smallest that at least `percent` of all do not
 * exceed. */
uint64_t sketch__rank(uint64_t cnt, unsigned percent);
/* The bucket of the value of that rank, 1 to cnt. */
struct sketch_bucket sketch__ranked(const struct sketch *sketch, uint64_t rank);

#endif /* TTLOG_VIEW_SKETCH_H */
