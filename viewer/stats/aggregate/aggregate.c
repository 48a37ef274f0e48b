/* SPDX-License-Identifier: MIT */
/*
 * A block of a column's values, small enough for the L1 cache, becomes doubles for the sketch.
 * Whole numbers are added up as such on the way. While there are few distinct numbers, each is
 * counted instead.
 */
#include <math.h>
#include <string.h>

#include "aggregate.h"

/* 10^19 is the greatest that a uint64_t holds. */
#define EXACT_SCALE_MAX 19u
#define BLOCK           1024u
#define LANES           4u
/* Numbers whose sum over a block fits into 64 bits. */
#define SMALL           ((aggregate_int)1 << 52)

bool aggregate__takes(uint8_t type)
{
	return (type >= TTLOG_TYPE_I8 && type <= TTLOG_TYPE_U64) || type == TTLOG_TYPE_F32 ||
	       type == TTLOG_TYPE_F64 || type == TTLOG_TYPE_DECIMAL;
}

void aggregate__fini(struct aggregate *aggregate)
{
	sketch__fini(&aggregate->sketch);
	distinct__fini(&aggregate->distinct, NULL);
}

/* ---- Adding ---- */

/* Of finite values. */
struct real_sums {
	double min, max;
	long double sum;
};

static struct real_sums sum_reals(const double *values, uint32_t cnt)
{
	/* side by side: each sum waits for the one before */
	struct real_sums lanes[LANES], ret = { INFINITY, -INFINITY, 0 };
	uint32_t i = 0;

	for (unsigned k = 0; k < LANES; k++)
		lanes[k] = ret;
	for (; i + LANES <= cnt; i += LANES) {
		for (unsigned k = 0; k < LANES; k++) {
			double v = values[i + k];

			lanes[k].min = v < lanes[k].min ? v : lanes[k].min;
			lanes[k].max = v > lanes[k].max ? v : lanes[k].max;
			lanes[k].sum += v;
		}
	}
	for (; i < cnt; i++) {
		ret.min = values[i] < ret.min ? values[i] : ret.min;
		ret.max = values[i] > ret.max ? values[i] : ret.max;
		ret.sum += values[i];
	}
	for (unsigned k = 0; k < LANES; k++) {
		ret.min = lanes[k].min < ret.min ? lanes[k].min : ret.min;
		ret.max = lanes[k].max > ret.max ? lanes[k].max : ret.max;
		ret.sum += lanes[k].sum;
	}
	return ret;
}

/* From now on the numbers count in the sketch. */
static void become_many(struct aggregate *aggregate, struct aggregate_memory *memory)
{
	struct distinct_slot slots[DISTINCT_MAX];
	const unsigned cnt = distinct__sorted(&aggregate->distinct, slots);
	double values[DISTINCT_MAX];
	int err = 0;

	for (unsigned i = 0; i < cnt; i++)
		values[i] = distinct__value(&aggregate->distinct, slots[i].key,
					    aggregate__power(aggregate->scale));
	distinct__fini(&aggregate->distinct, &memory->distinct_bytes);
	aggregate->is_many = true;
	/* the ends first, so that the sketch need not grow with each */
	for (unsigned i = 0; !err && i < cnt; i++) {
		const unsigned k = i % 2 ? i / 2 : cnt - 1 - i / 2;

		err = sketch__add_times(&aggregate->sketch, &memory->bytes, values[k],
					slots[k].times);
	}
	aggregate->no_quantiles = err != 0;
}

/* Returns how many were counted as distinct numbers: all, or those before the one that made them
 * too many. */
static uint32_t count_distinct_reals(struct aggregate *aggregate, struct aggregate_memory *memory,
				     const double *values, uint32_t cnt, uint64_t times)
{
	struct distinct *distinct = &aggregate->distinct;
	uint32_t at = 0;

	if (aggregate->is_many || aggregate->no_quantiles)
		return 0;
	distinct__make_real(distinct, aggregate__power(aggregate->scale));
	for (; at < cnt; at++) {
		const uint64_t key = distinct__real_key(values[at]);

		if (times == 1 && distinct__count(distinct, key))
			continue;
		if (distinct__add(distinct, &memory->distinct_bytes, DISTINCT_REAL, key, times)) {
			become_many(aggregate, memory);
			break;
		}
	}
	return at;
}

/* Adds `cnt` finite values, each so many times: more than once only if cnt is 1. */
static void add_reals(struct aggregate *aggregate, struct aggregate_memory *memory,
		      const double *values, uint32_t cnt, uint64_t times)
{
	const struct real_sums sums = sum_reals(values, cnt);
	uint32_t at;

	if (!cnt)
		return;
	if (!aggregate->real_cnt || sums.min < aggregate->real_min)
		aggregate->real_min = sums.min;
	if (!aggregate->real_cnt || sums.max > aggregate->real_max)
		aggregate->real_max = sums.max;
	at = count_distinct_reals(aggregate, memory, values, cnt, times);
	aggregate->real_cnt += cnt * times;
	aggregate->real_sum += sums.sum * times;
	if (at == cnt || aggregate->no_quantiles)
		return;
	if (times > 1)
		aggregate->no_quantiles =
			sketch__add_times(&aggregate->sketch, &memory->bytes, values[0], times);
	else
		aggregate->no_quantiles =
			sketch__add(&aggregate->sketch, &memory->bytes, values + at, cnt - at);
}

static void take_reals(struct aggregate *aggregate, struct aggregate_memory *memory,
		       const struct ttlog_column *column, const uint32_t *rows, uint32_t first,
		       uint32_t cnt, uint64_t times)
{
	double values[BLOCK];
	uint32_t kept = 0, nan_cnt = 0;

	for (uint32_t i = first; i < first + cnt; i++) {
		double v = column->reals[(rows ? rows[i] : i) & column->mask];

		values[kept] = v;
		kept += isfinite(v) != 0;
		nan_cnt += isnan(v) != 0;
	}
	aggregate->nan_cnt += nan_cnt * times;
	aggregate->infinite_cnt += (cnt - kept - nan_cnt) * times;
	add_reals(aggregate, memory, values, kept, times);
}

/* Numbers of a column, as units of 10^-scale. */
struct units {
	const uint64_t *nums;
	const uint32_t *rows;
	uint32_t cnt;
	unsigned scale;
	double divisor;
	bool is_signed;
};

/* Sums of some of these; min and max are as the column has them. */
struct sums {
	uint64_t min, max;
	uint64_t low; /* the sum's low bits */
};

static struct units units_of(const struct ttlog_column *column)
{
	const unsigned scale = column->scales ? (unsigned)column->scales[0] : 0;

	return (struct units){
		.nums = column->nums,
		.scale = scale,
		.divisor = aggregate__power(scale),
		/* decimals, and scaled reals */
		.is_signed = ttlog_type_is_signed(column->type) || column->scales,
	};
}

static inline __attribute__((always_inline)) uint64_t number_at(const struct units *units,
								uint32_t i)
{
	return units->nums[units->rows ? units->rows[i] : i];
}

/* Rounds once, without a branch: either half of an unsigned number is exact. */
static inline __attribute__((always_inline)) double real_of(uint64_t number, bool is_signed)
{
	if (is_signed)
		return (double)(int64_t)number;
	return (double)(int64_t)(number >> 32) * 0x1p32 + (double)(int64_t)(number & UINT32_MAX);
}

static aggregate_int widened(const struct units *units, uint64_t number)
{
	return units->is_signed ? (aggregate_int)(int64_t)number : (aggregate_int)number;
}

static bool is_exact(const struct aggregate *aggregate, const struct units *units)
{
	return units->scale <= EXACT_SCALE_MAX &&
	       (!aggregate->exact_cnt || aggregate->scale == units->scale);
}

static void add_exact(struct aggregate *aggregate, aggregate_int min, aggregate_int max,
		      aggregate_int sum, uint64_t cnt)
{
	if (!aggregate->exact_cnt || min < aggregate->min)
		aggregate->min = min;
	if (!aggregate->exact_cnt || max > aggregate->max)
		aggregate->max = max;
	aggregate->exact_cnt += cnt;
	aggregate->sum += sum;
}

/* How the sketch counts, if at all. */
enum counts {
	IN_NONE,
	IN_16_BITS,
	IN_64_BITS
};

/* Does all there is to do with each value, from number `at` on: separate loops take longer. Returns
 * where it stopped: at the end, or where the sketch has no slot. */
static inline __attribute__((always_inline)) uint32_t
add_each(struct sums *sums, struct sketch *sketch, const struct units *units, uint32_t at,
	 bool is_signed, enum counts counts)
{
	const bool is_scaled = units->scale;
	const double divisor = units->divisor;
	uint64_t min = sums->min, max = sums->max, low = sums->low;

	for (; at < units->cnt; at++) {
		uint64_t v = number_at(units, at);
		double real = real_of(v, is_signed);

		if (is_scaled)
			real /= divisor;
		if (counts && !sketch__count(sketch, real, counts == IN_64_BITS))
			break;
		low += v;
		if (is_signed) {
			min = (int64_t)v < (int64_t)min ? v : min;
			max = (int64_t)v > (int64_t)max ? v : max;
		} else {
			min = v < min ? v : min;
			max = v > max ? v : max;
		}
	}
	*sums = (struct sums){ min, max, low };
	return at;
}

static uint32_t add_some(struct sums *sums, struct sketch *sketch, const struct units *units,
			 uint32_t at, bool counts)
{
	if (units->is_signed) {
		if (!counts)
			return add_each(sums, sketch, units, at, true, IN_NONE);
		return sketch->is_wide ? add_each(sums, sketch, units, at, true, IN_64_BITS)
				       : add_each(sums, sketch, units, at, true, IN_16_BITS);
	}
	if (!counts)
		return add_each(sums, sketch, units, at, false, IN_NONE);
	return sketch->is_wide ? add_each(sums, sketch, units, at, false, IN_64_BITS)
			       : add_each(sums, sketch, units, at, false, IN_16_BITS);
}

/* Makes slots for number `at` and all later ones of its sign, so that it is seldom called. */
static int cover_units(struct sketch *sketch, size_t *budget, const struct units *units,
		       uint32_t at)
{
	const bool is_negative = widened(units, number_at(units, at)) < 0;
	double low = INFINITY, high = 0;

	for (; at < units->cnt; at++) {
		uint64_t v = number_at(units, at);
		double magnitude = fabs(real_of(v, units->is_signed)) / units->divisor;

		if (!v || (widened(units, v) < 0) != is_negative)
			continue;
		low = magnitude < low ? magnitude : low;
		high = magnitude > high ? magnitude : high;
	}
	return sketch__cover(sketch, budget, is_negative, low, high);
}

static aggregate_int sum_of(const struct units *units, const struct sums *sums)
{
	aggregate_int sum = 0;

	/* so few numbers can't exceed 64 bits */
	if (widened(units, sums->min) > -SMALL && widened(units, sums->max) < SMALL)
		return (int64_t)sums->low;
	for (uint32_t i = 0; i < units->cnt; i++)
		sum += widened(units, number_at(units, i));
	return sum;
}

/* As count_distinct_reals(), of numbers of the aggregate's scale. */
static uint32_t count_distinct_units(struct aggregate *aggregate, struct aggregate_memory *memory,
				     const struct units *units, uint64_t times)
{
	const enum distinct_kind kind = units->is_signed ? DISTINCT_SIGNED : DISTINCT_UNSIGNED;
	struct distinct *distinct = &aggregate->distinct;
	uint32_t at = 0;

	aggregate->scale = units->scale;
	if (aggregate->is_many || aggregate->no_quantiles)
		return 0;
	if (distinct->cnt && distinct->kind != kind)
		distinct__make_real(distinct, aggregate__power(aggregate->scale));
	for (; at < units->cnt; at++) {
		uint64_t key = number_at(units, at);

		if (distinct->cnt && distinct->kind == DISTINCT_REAL)
			key = distinct__real_key(real_of(key, units->is_signed) / units->divisor);
		if (times == 1 && distinct__count(distinct, key))
			continue;
		if (distinct__add(distinct, &memory->distinct_bytes, kind, key, times)) {
			become_many(aggregate, memory);
			break;
		}
	}
	return at;
}

/* Adds at most BLOCK numbers of one scale. */
static void take_units(struct aggregate *aggregate, struct aggregate_memory *memory,
		       const struct units *units)
{
	struct sums sums = { INT64_MAX, (uint64_t)INT64_MIN, 0 };
	struct sketch *sketch = &aggregate->sketch;
	struct units distinct = *units;
	uint32_t at;

	if (!is_exact(aggregate, units)) {
		double values[BLOCK];

		for (uint32_t i = 0; i < units->cnt; i++)
			values[i] = real_of(number_at(units, i), units->is_signed) / units->divisor;
		add_reals(aggregate, memory, values, units->cnt, 1);
		return;
	}
	if (!units->is_signed)
		sums = (struct sums){ UINT64_MAX, 0, 0 };
	at = distinct.cnt = count_distinct_units(aggregate, memory, units, 1);
	(void)add_some(&sums, sketch, &distinct, 0, false);
	if (at < units->cnt && !aggregate->no_quantiles &&
	    sketch__expect(sketch, &memory->bytes, units->cnt - at))
		aggregate->no_quantiles = true;
	sketch->cnt += units->cnt - at;
	while (at < units->cnt) {
		at = add_some(&sums, sketch, units, at, !aggregate->no_quantiles);
		if (at < units->cnt && cover_units(sketch, &memory->bytes, units, at))
			aggregate->no_quantiles = true;
	}
	add_exact(aggregate, widened(units, sums.min), widened(units, sums.max),
		  sum_of(units, &sums), units->cnt);
}

/* Adds one value that stands for all rows. */
static void take_const(struct aggregate *aggregate, struct aggregate_memory *memory,
		       const struct units *units, uint32_t times)
{
	const aggregate_int v = widened(units, units->nums[0]);
	const double value = real_of(units->nums[0], units->is_signed) / units->divisor;
	bool is_counted;

	if (!is_exact(aggregate, units)) {
		add_reals(aggregate, memory, &value, 1, times);
		return;
	}
	is_counted = count_distinct_units(aggregate, memory, units, times);
	add_exact(aggregate, v, v, v * times, times);
	if (!is_counted && !aggregate->no_quantiles)
		aggregate->no_quantiles =
			sketch__add_times(&aggregate->sketch, &memory->bytes, value, times);
}

/* Adds decimals that each have their own scale. */
static void take_each(struct aggregate *aggregate, struct aggregate_memory *memory,
		      const struct ttlog_column *column, const uint32_t *rows, uint32_t cnt)
{
	struct ttlog_column one = *column;

	one.mask = one.scale_mask = 0;
	for (uint32_t i = 0; i < cnt; i++) {
		uint32_t row = rows ? rows[i] : i;
		struct units units;

		one.nums = &column->nums[row & column->mask];
		one.scales = &column->scales[row & column->scale_mask];
		units = units_of(&one);
		units.cnt = 1;
		take_units(aggregate, memory, &units);
	}
}

static void take_blocks(struct aggregate *aggregate, struct aggregate_memory *memory,
			const struct ttlog_column *column, const uint32_t *rows, uint32_t cnt)
{
	struct units units = units_of(column);

	for (uint32_t at = 0; at < cnt; at += BLOCK) {
		uint32_t len = cnt - at < BLOCK ? cnt - at : BLOCK;

		units.nums = rows ? column->nums : column->nums + at;
		units.rows = rows ? rows + at : NULL;
		units.cnt = len;
		take_units(aggregate, memory, &units);
	}
}

static void take_real_blocks(struct aggregate *aggregate, struct aggregate_memory *memory,
			     const struct ttlog_column *column, const uint32_t *rows, uint32_t cnt)
{
	for (uint32_t at = 0; at < cnt; at += BLOCK)
		take_reals(aggregate, memory, column, rows, at, cnt - at < BLOCK ? cnt - at : BLOCK,
			   1);
}

/* Adds those that are not null. */
static void take_present(struct aggregate *aggregate, struct aggregate_memory *memory,
			 const struct ttlog_column *column, const uint32_t *rows, uint32_t cnt)
{
	struct ttlog_column all = *column;
	uint32_t present[BLOCK], len = 0;

	all.nulls = NULL;
	for (uint32_t i = 0; i < cnt; i++) {
		const uint32_t row = rows ? rows[i] : i;

		if (!ttlog_column_is_null(column, row))
			present[len++] = row;
		if (len < BLOCK && (i + 1 < cnt || !len))
			continue;
		aggregate__column(aggregate, memory, &all, present, len);
		len = 0;
	}
}

void aggregate__column(struct aggregate *aggregate, struct aggregate_memory *memory,
		       const struct ttlog_column *column, const uint32_t *rows, uint32_t cnt)
{
	const bool is_const = ttlog_column_is_const(column);

	aggregate->has_wide |= column->type != TTLOG_TYPE_F32;
	if (column->nulls)
		take_present(aggregate, memory, column, rows, cnt);
	else if (column->reals && is_const)
		take_reals(aggregate, memory, column, NULL, 0, 1, cnt);
	else if (column->reals)
		take_real_blocks(aggregate, memory, column, rows, cnt);
	else if (column->scale_mask && column->scales)
		take_each(aggregate, memory, column, rows, cnt);
	else if (is_const) {
		struct units units = units_of(column);

		units.cnt = 1;
		take_const(aggregate, memory, &units, cnt);
	} else
		take_blocks(aggregate, memory, column, rows, cnt);
}
