/* SPDX-License-Identifier: MIT */
/*
 * The distribution of many numbers in little memory, for quantiles and histograms.
 *
 * A value counts in the bucket of its sign, its binary exponent and the next SKETCH_BITS bits. A
 * bucket is at most 1/64 of its values wide, so its middle is within SKETCH_ERROR of every value in
 * it. Integers below 128 have a bucket each. Magnitudes below 2.3e-308, for which a double has no
 * full precision, count as 0.
 *
 * Buckets lie from the smallest to the largest magnitude seen. A factor of two takes 128 bytes
 * while 16 bits are enough to count all values, then 512; a sign takes 1 MiB at most. The memory is
 * taken from a budget that many sketches share.
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
/* The first bucket: smaller values are 0. */
#define SKETCH_FIRST (1u << SKETCH_BITS)

/* Slot i counts bucket first + i, with 16 bits, or with 64 if the sketch is wide. */
struct sketch_side {
	void *slots;
	uint32_t first, cnt;
};

/* All 0: empty. */
struct sketch {
	struct sketch_side sides[2]; /* by sign bit */
	uint64_t cnt;
	uint64_t zero_cnt;
	bool is_wide;
};

/* Values from `from` to below `to`; negative ones from above `to` to `from`. Both 0: the value
 * 0. */
struct sketch_bucket {
	double from, to;
	uint64_t cnt;
};

void sketch__fini(struct sketch *sketch);

/* Adds values, all finite. Takes memory from *budget bytes. Returns 0, or -ENOMEM: then only the
 * values before the first that has no slot were added. */
int sketch__add(struct sketch *sketch, size_t *budget, const double *values, size_t cnt);
/* Adds one value so many times. */
int sketch__add_times(struct sketch *sketch, size_t *budget, double value, uint64_t times);

/*
 * Adding one by one, in the caller's loop over values: sketch__expect() first, then sketch__count()
 * for each value. If that returns false, sketch__cover() makes a slot for the value.
 */

/* Announces so many values: is_wide does not change until then. Returns 0 or -ENOMEM. */
int sketch__expect(struct sketch *sketch, size_t *budget, uint64_t cnt);
/* Makes slots of a sign for magnitudes from `low` to `high`. Returns 0 or -ENOMEM. */
int sketch__cover(struct sketch *sketch, size_t *budget, bool is_negative, double low, double high);

/* Counts a finite value; is_wide is the sketch's. The caller adds to `cnt`. */
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

/* Goes through the buckets that are not empty, the smallest values first; *at begins as 0. */
bool sketch__next(const struct sketch *sketch, size_t *at, struct sketch_bucket *ret);
/* The rank, from 1, of the smallest value that at least `percent` of all `cnt` values do not
 * exceed. */
uint64_t sketch__rank(uint64_t cnt, unsigned percent);
/* The bucket of the value of that rank, 1 to cnt. */
struct sketch_bucket sketch__ranked(const struct sketch *sketch, uint64_t rank);

#endif /* TTLOG_VIEW_SKETCH_H */
