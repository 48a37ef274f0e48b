/* SPDX-License-Identifier: MIT */
/*
 * The bits of a positive double, cut behind the first bits of its fraction, ascend as the value
 * does: that is the number of its bucket.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sketch.h"

#define SHIFT        (52u - SKETCH_BITS)
#define FIRST_NORMAL (1u << SKETCH_BITS)
/* Values spread a little more with every chunk: windows grow by whole steps of a quarter octave. */
#define STEP         16u

static uint64_t bits_of(double v)
{
	uint64_t bits;

	memcpy(&bits, &v, sizeof(bits));
	return bits;
}

static double bucket_start(uint32_t bucket)
{
	const uint64_t bits = (uint64_t)bucket << SHIFT;
	double v;

	memcpy(&v, &bits, sizeof(v));
	return v;
}

static uint32_t bucket_of(double magnitude)
{
	return (uint32_t)(bits_of(magnitude) >> SHIFT);
}

void sketch__fini(struct sketch *sketch)
{
	free(sketch->positive.slots);
	free(sketch->negative.slots);
	*sketch = (struct sketch){ .cnt = 0 };
}

/* Makes room for magnitudes up to `high`, and from the smallest that is not 0 on. */
static int cover(struct sketch_side *side, size_t *budget, double low, double high)
{
	uint32_t first = bucket_of(low), last = bucket_of(high), end;
	uint64_t *slots;
	size_t more;

	if (first < FIRST_NORMAL)
		first = FIRST_NORMAL;
	if (last < FIRST_NORMAL)
		last = FIRST_NORMAL;
	if (side->cnt && first >= side->first && last < side->first + side->cnt)
		return 0;
	first = first / STEP * STEP;
	end = last / STEP * STEP + STEP;
	if (side->cnt && side->first < first)
		first = side->first;
	if (side->cnt && side->first + side->cnt > end)
		end = side->first + side->cnt;
	more = (end - first - side->cnt + !side->slots) * sizeof(*slots);
	if (more > *budget)
		return -ENOMEM;
	slots = calloc(end - first + 1, sizeof(*slots));
	if (!slots)
		return -ENOMEM;
	*budget -= more;
	if (side->slots) {
		slots[0] = side->slots[0];
		memcpy(slots + 1 + (side->first - first), side->slots + 1,
		       side->cnt * sizeof(*slots));
		free(side->slots);
	}
	side->slots = slots;
	side->first = first;
	side->cnt = end - first;
	return 0;
}

static size_t slot_of(const struct sketch_side *side, double magnitude)
{
	const uint64_t bucket = bits_of(magnitude) >> SHIFT;

	return bucket < FIRST_NORMAL ? 0 : bucket - side->first + 1;
}

/* The smallest magnitude that needs a bucket of its own: zeros do not. */
static double smallest(const double *values, size_t cnt, double sign)
{
	double low = INFINITY;

	for (size_t i = 0; i < cnt; i++) {
		double magnitude = values[i] * sign;

		if (magnitude >= bucket_start(FIRST_NORMAL) && magnitude < low)
			low = magnitude;
	}
	return low;
}

static int cover_values(struct sketch_side *side, size_t *budget, const double *values, size_t cnt,
			double sign, double high)
{
	double low = smallest(values, cnt, sign);

	return cover(side, budget, low < high ? low : high, high);
}

int sketch__add(struct sketch *sketch, size_t *budget, const double *values, size_t cnt, double min,
		double max)
{
	struct sketch_side *const positive = &sketch->positive, *const negative = &sketch->negative;
	int err = 0;

	if (max >= 0)
		err = min > 0 ? cover(positive, budget, min, max)
			      : cover_values(positive, budget, values, cnt, 1, max);
	if (!err && min < 0)
		err = cover_values(negative, budget, values, cnt, -1, -min);
	if (err)
		return err;
	sketch->cnt += cnt;
	for (size_t i = 0; min >= 0 && i < cnt; i++)
		positive->slots[slot_of(positive, fabs(values[i]))]++;
	for (size_t i = 0; min < 0 && i < cnt; i++) {
		struct sketch_side *side = values[i] < 0 ? negative : positive;

		side->slots[slot_of(side, fabs(values[i]))]++;
	}
	return 0;
}

int sketch__add_times(struct sketch *sketch, size_t *budget, double value, uint64_t times)
{
	struct sketch_side *side = value < 0 ? &sketch->negative : &sketch->positive;
	int err = cover(side, budget, fabs(value), fabs(value));

	if (err)
		return err;
	side->slots[slot_of(side, fabs(value))] += times;
	sketch->cnt += times;
	return 0;
}

/* ---- Reading ---- */

static struct sketch_bucket bucket_at(const struct sketch_side *side, size_t slot, double sign)
{
	struct sketch_bucket bucket = { 0, 0, side->slots[slot] };

	if (slot) {
		bucket.from = sign * bucket_start(side->first + (uint32_t)slot - 1);
		bucket.to = sign * bucket_start(side->first + (uint32_t)slot);
	}
	return bucket;
}

bool sketch__next(const struct sketch *sketch, size_t *at, struct sketch_bucket *ret)
{
	const struct sketch_side *negative = &sketch->negative, *positive = &sketch->positive;
	size_t below = negative->slots ? negative->cnt + 1 : 0;
	size_t all = below + (positive->slots ? positive->cnt + 1 : 0);

	for (; *at < all; (*at)++) {
		/* from the largest magnitude of the negative ones down to their 0 */
		if (*at < below)
			*ret = bucket_at(negative, below - 1 - *at, -1);
		else
			*ret = bucket_at(positive, *at - below, 1);
		if (ret->cnt) {
			(*at)++;
			return true;
		}
	}
	return false;
}

uint64_t sketch__rank(const struct sketch *sketch, unsigned percent)
{
	return sketch->cnt / 100 * percent + (sketch->cnt % 100 * percent + 99) / 100;
}

struct sketch_bucket sketch__ranked(const struct sketch *sketch, uint64_t rank)
{
	struct sketch_bucket bucket = { 0, 0, 0 };
	uint64_t seen = 0;
	size_t at = 0;

	while (seen < rank && sketch__next(sketch, &at, &bucket))
		seen += bucket.cnt;
	return bucket;
}
