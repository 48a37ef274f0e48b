/* SPDX-License-Identifier: MIT */
/*
 * The bits of a positive double, cut after the first bits of its fraction, rise with its value:
 * they are the number of its bucket.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "sketch.h"

/* Values spread a little more with every chunk: a window grows by half octaves. */
#define STEP 32u

static double bucket_start(uint32_t bucket)
{
	const uint64_t bits = (uint64_t)bucket << SKETCH_SHIFT;
	double v;

	memcpy(&v, &bits, sizeof(v));
	return v;
}

static uint32_t bucket_of(double magnitude)
{
	uint64_t bits;

	memcpy(&bits, &magnitude, sizeof(bits));
	return (uint32_t)(bits >> SKETCH_SHIFT);
}

void sketch__fini(struct sketch *sketch)
{
	free(sketch->sides[0].slots);
	free(sketch->sides[1].slots);
	*sketch = (struct sketch){ .cnt = 0 };
}

/* ---- Room ---- */

static size_t slot_bytes(const struct sketch *sketch)
{
	return sketch->is_wide ? sizeof(uint64_t) : sizeof(uint16_t);
}

static void *take_slots(size_t *budget, size_t more, size_t bytes)
{
	void *slots = more <= *budget ? calloc(1, bytes) : NULL;

	*budget -= slots ? more : 0;
	return slots;
}

/* Widens both sides, or none. */
static int widen(struct sketch *sketch, size_t *budget)
{
	const size_t before = *budget;
	uint64_t *wide[2] = { NULL, NULL };

	for (unsigned i = 0; i < 2; i++) {
		const uint32_t cnt = sketch->sides[i].cnt;

		if (!cnt)
			continue;
		wide[i] = take_slots(budget, cnt * (sizeof(uint64_t) - sizeof(uint16_t)),
				     cnt * sizeof(uint64_t));
		if (!wide[i]) {
			free(wide[0]);
			*budget = before;
			return -ENOMEM;
		}
	}
	for (unsigned i = 0; i < 2; i++) {
		const uint16_t *narrow = sketch->sides[i].slots;

		for (uint32_t k = 0; k < sketch->sides[i].cnt; k++)
			wide[i][k] = narrow[k];
		free(sketch->sides[i].slots);
		sketch->sides[i].slots = wide[i];
	}
	sketch->is_wide = true;
	return 0;
}

int sketch__expect(struct sketch *sketch, size_t *budget, uint64_t cnt)
{
	if (sketch->is_wide || sketch->cnt + cnt <= UINT16_MAX)
		return 0;
	return widen(sketch, budget);
}

int sketch__cover(struct sketch *sketch, size_t *budget, bool is_negative, double low, double high)
{
	struct sketch_side *side = &sketch->sides[is_negative];
	uint32_t first = bucket_of(low), last = bucket_of(high), end;
	const size_t bytes = slot_bytes(sketch);
	void *slots;

	if (last < SKETCH_FIRST)
		return 0;
	if (first < SKETCH_FIRST)
		first = SKETCH_FIRST;
	first = first / STEP * STEP;
	end = last / STEP * STEP + STEP;
	if (side->cnt && side->first < first)
		first = side->first;
	if (side->cnt && side->first + side->cnt > end)
		end = side->first + side->cnt;
	slots = take_slots(budget, (end - first - side->cnt) * bytes, (end - first) * bytes);
	if (!slots)
		return -ENOMEM;
	if (side->slots)
		memcpy((char *)slots + (side->first - first) * bytes, side->slots,
		       side->cnt * bytes);
	free(side->slots);
	side->slots = slots;
	side->first = first;
	side->cnt = end - first;
	return 0;
}

/* ---- Adding ---- */

/* Makes slots for the first value, and for all values of its sign, so that it is seldom called. */
static int cover_values(struct sketch *sketch, size_t *budget, const double *values, size_t cnt)
{
	const bool is_negative = signbit(values[0]);
	double low = INFINITY, high = 0;

	for (size_t i = 0; i < cnt; i++) {
		double magnitude = fabs(values[i]);

		if (!signbit(values[i]) != !is_negative || magnitude < bucket_start(SKETCH_FIRST))
			continue;
		low = magnitude < low ? magnitude : low;
		high = magnitude > high ? magnitude : high;
	}
	return sketch__cover(sketch, budget, is_negative, low, high);
}

static inline __attribute__((always_inline)) size_t
count_values(struct sketch *sketch, const double *values, size_t at, size_t cnt, bool is_wide)
{
	while (at < cnt && sketch__count(sketch, values[at], is_wide))
		at++;
	return at;
}

int sketch__add(struct sketch *sketch, size_t *budget, const double *values, size_t cnt)
{
	int err = sketch__expect(sketch, budget, cnt);
	size_t at = 0;

	while (!err) {
		at = sketch->is_wide ? count_values(sketch, values, at, cnt, true)
				     : count_values(sketch, values, at, cnt, false);
		if (at == cnt)
			break;
		err = cover_values(sketch, budget, values + at, cnt - at);
	}
	sketch->cnt += at;
	return err;
}

int sketch__add_times(struct sketch *sketch, size_t *budget, double value, uint64_t times)
{
	struct sketch_side *side = &sketch->sides[signbit(value) != 0];
	const uint32_t bucket = bucket_of(fabs(value));
	int err = sketch__expect(sketch, budget, times);

	if (!err && bucket >= SKETCH_FIRST && bucket - side->first >= side->cnt)
		err = sketch__cover(sketch, budget, signbit(value), fabs(value), fabs(value));
	if (err)
		return err;
	sketch->cnt += times;
	if (bucket < SKETCH_FIRST)
		sketch->zero_cnt += times;
	else if (sketch->is_wide)
		((uint64_t *)side->slots)[bucket - side->first] += times;
	else
		((uint16_t *)side->slots)[bucket - side->first] += (uint16_t)times;
	return 0;
}

/* ---- Reading ---- */

static struct sketch_bucket bucket_at(const struct sketch *sketch, const struct sketch_side *side,
				      uint32_t slot, double sign)
{
	return (struct sketch_bucket){
		.from = sign * bucket_start(side->first + slot),
		.to = sign * bucket_start(side->first + slot + 1),
		.cnt = sketch->is_wide ? ((const uint64_t *)side->slots)[slot]
				       : ((const uint16_t *)side->slots)[slot],
	};
}

bool sketch__next(const struct sketch *sketch, size_t *at, struct sketch_bucket *ret)
{
	const struct sketch_side *negative = &sketch->sides[1], *positive = &sketch->sides[0];
	const size_t below = negative->cnt, all = below + 1 + positive->cnt;

	for (; *at < all; (*at)++) {
		/* the negative side goes down from its largest magnitude */
		if (*at < below)
			*ret = bucket_at(sketch, negative, (uint32_t)(below - 1 - *at), -1);
		else if (*at == below)
			*ret = (struct sketch_bucket){ 0, 0, sketch->zero_cnt };
		else
			*ret = bucket_at(sketch, positive, (uint32_t)(*at - below - 1), 1);
		if (ret->cnt) {
			(*at)++;
			return true;
		}
	}
	return false;
}

uint64_t sketch__rank(uint64_t cnt, unsigned percent)
{
	return cnt / 100 * percent + (cnt % 100 * percent + 99) / 100;
}

/* How many values a step of slots has. */
static uint64_t count_step(const struct sketch *sketch, const struct sketch_side *side,
			   uint32_t first)
{
	const uint64_t *wide = (const uint64_t *)side->slots + first;
	const uint16_t *narrow = (const uint16_t *)side->slots + first;
	uint64_t cnt = 0;
	uint32_t narrow_cnt = 0;

	for (unsigned i = 0; sketch->is_wide && i < STEP; i++)
		cnt += wide[i];
	for (unsigned i = 0; !sketch->is_wide && i < STEP; i++)
		narrow_cnt += narrow[i];
	return cnt + narrow_cnt;
}

/* The slot of that rank, from magnitude 0 up. If the side has fewer, *rank is what is left. */
static uint32_t ranked_slot(const struct sketch *sketch, const struct sketch_side *side,
			    uint64_t *rank)
{
	uint32_t slot = 0;

	for (; slot < side->cnt; slot += STEP) {
		uint64_t cnt = count_step(sketch, side, slot);

		if (cnt >= *rank)
			break;
		*rank -= cnt;
	}
	for (; slot < side->cnt; slot++) {
		uint64_t cnt = bucket_at(sketch, side, slot, 1).cnt;

		if (cnt >= *rank)
			break;
		*rank -= cnt;
	}
	return slot;
}

struct sketch_bucket sketch__ranked(const struct sketch *sketch, uint64_t rank)
{
	const struct sketch_side *negative = &sketch->sides[1], *positive = &sketch->sides[0];
	uint64_t negative_cnt = 0;
	uint32_t slot;

	if (!rank || rank > sketch->cnt)
		return (struct sketch_bucket){ 0, 0, 0 };
	for (uint32_t i = 0; i < negative->cnt; i += STEP)
		negative_cnt += count_step(sketch, negative, i);
	if (rank <= negative_cnt) {
		rank = negative_cnt - rank + 1;
		slot = ranked_slot(sketch, negative, &rank);
		return bucket_at(sketch, negative, slot, -1);
	}
	rank -= negative_cnt;
	if (rank <= sketch->zero_cnt)
		return (struct sketch_bucket){ 0, 0, sketch->zero_cnt };
	rank -= sketch->zero_cnt;
	slot = ranked_slot(sketch, positive, &rank);
	return bucket_at(sketch, positive, slot, 1);
}
