/* SPDX-License-Identifier: MIT */
/*
 * A column's values become doubles for the sketch, a block at a time, which stays in the nearest
 * cache; whole numbers are added up as such on the way.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "figures.h"
#include <ttlog/read.h>

/* So many digits of a mean are given behind those of the values. */
#define MEAN_DIGITS     6u
/* 10^19 is the greatest that a uint64_t holds. */
#define EXACT_SCALE_MAX 19u
#define BLOCK           1024u
#define LANES           4u
/* Numbers whose sum over a block fits into 64 bits. */
#define SMALL           ((figures_int)1 << 52)
/* From here on powers of ten are not exact in a double. */
#define POWER_CNT       23u

const char *const FIGURE_NAMES[FIGURE_CNT] = { "min", "mean", "p50", "p90", "p99", "max" };

bool figures__takes(uint8_t type)
{
	return (type >= TTLOG_TYPE_I8 && type <= TTLOG_TYPE_U64) || type == TTLOG_TYPE_F32 ||
	       type == TTLOG_TYPE_F64 || type == TTLOG_TYPE_DECIMAL;
}

void figures__fini(struct figures *figures)
{
	sketch__fini(&figures->sketch);
}

/* ---- Adding ---- */

static double power(unsigned exponent)
{
	static const double POWERS[POWER_CNT] = {
		1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
		1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
	};

	return exponent < POWER_CNT ? POWERS[exponent] : pow(10, exponent);
}

/* Of finite values. */
struct real_sums {
	double min, max;
	long double sum;
};

static struct real_sums sum_reals(const double *values, uint32_t cnt)
{
	/* side by side: one would wait for its last sum each time */
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

/* Of `cnt` finite values, each so many times: several only of a single one. */
static void add_reals(struct figures *figures, size_t *budget, const double *values, uint32_t cnt,
		      uint64_t times)
{
	const struct real_sums sums = sum_reals(values, cnt);

	if (!cnt)
		return;
	if (!figures->real_cnt || sums.min < figures->real_min)
		figures->real_min = sums.min;
	if (!figures->real_cnt || sums.max > figures->real_max)
		figures->real_max = sums.max;
	figures->real_cnt += cnt * times;
	figures->real_sum += sums.sum * times;
	if (figures->no_quantiles)
		return;
	if (times > 1)
		figures->no_quantiles =
			sketch__add_times(&figures->sketch, budget, values[0], times);
	else
		figures->no_quantiles = sketch__add(&figures->sketch, budget, values, cnt);
}

static void take_reals(struct figures *figures, size_t *budget, const struct ttlog_column *column,
		       const uint32_t *rows, uint32_t first, uint32_t cnt, uint64_t times)
{
	double values[BLOCK];
	uint32_t kept = 0, nan_cnt = 0;

	for (uint32_t i = first; i < first + cnt; i++) {
		double v = column->reals[(rows ? rows[i] : i) & column->mask];

		values[kept] = v;
		kept += isfinite(v) != 0;
		nan_cnt += isnan(v) != 0;
	}
	figures->nan_cnt += nan_cnt * times;
	figures->infinite_cnt += (cnt - kept - nan_cnt) * times;
	add_reals(figures, budget, values, kept, times);
}

/* Numbers of a column, times 10^scale. */
struct units {
	const uint64_t *nums;
	const uint32_t *rows;
	uint32_t cnt;
	unsigned scale;
	double divisor;
	bool is_signed;
};

/* Of some of them; least and greatest are as the column has them. */
struct sums {
	uint64_t min, max;
	uint64_t low; /* of the sum */
};

static struct units units_of(const struct ttlog_column *column)
{
	const unsigned scale = column->scales ? (unsigned)column->scales[0] : 0;

	return (struct units){
		.nums = column->nums,
		.scale = scale,
		.divisor = power(scale),
		/* decimals, and scaled reals */
		.is_signed = ttlog_type_is_signed(column->type) || column->scales,
	};
}

static inline __attribute__((always_inline)) uint64_t number_at(const struct units *units,
								uint32_t i)
{
	return units->nums[units->rows ? units->rows[i] : i];
}

/* Rounded once, without a branch: either half of an unsigned number is exact. */
static inline __attribute__((always_inline)) double real_of(uint64_t number, bool is_signed)
{
	if (is_signed)
		return (double)(int64_t)number;
	return (double)(int64_t)(number >> 32) * 0x1p32 + (double)(int64_t)(number & UINT32_MAX);
}

static figures_int widened(const struct units *units, uint64_t number)
{
	return units->is_signed ? (figures_int)(int64_t)number : (figures_int)number;
}

static bool is_exact(const struct figures *figures, const struct units *units)
{
	return units->scale <= EXACT_SCALE_MAX &&
	       (!figures->exact_cnt || figures->scale == units->scale);
}

static void add_exact(struct figures *figures, const struct units *units, figures_int min,
		      figures_int max, figures_int sum, uint64_t cnt)
{
	if (!figures->exact_cnt || min < figures->min)
		figures->min = min;
	if (!figures->exact_cnt || max > figures->max)
		figures->max = max;
	figures->scale = units->scale;
	figures->exact_cnt += cnt;
	figures->sum += sum;
}

/* How the sketch counts, if it does. */
enum counts {
	IN_NONE,
	IN_16_BITS,
	IN_64_BITS
};

/* All there is to do with each value, from number `at` on: loops of their own take longer. Returns
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

/* Slots for number `at` and all of its sign behind it, so that it is seldom called. */
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

static figures_int sum_of(const struct units *units, const struct sums *sums)
{
	figures_int sum = 0;

	/* so few of them can't have left 64 bits */
	if (widened(units, sums->min) > -SMALL && widened(units, sums->max) < SMALL)
		return (int64_t)sums->low;
	for (uint32_t i = 0; i < units->cnt; i++)
		sum += widened(units, number_at(units, i));
	return sum;
}

/* At most BLOCK of one scale. */
static void take_units(struct figures *figures, size_t *budget, const struct units *units)
{
	struct sums sums = { INT64_MAX, (uint64_t)INT64_MIN, 0 };
	struct sketch *sketch = &figures->sketch;
	uint32_t at = 0;

	if (!is_exact(figures, units)) {
		double values[BLOCK];

		for (uint32_t i = 0; i < units->cnt; i++)
			values[i] = real_of(number_at(units, i), units->is_signed) / units->divisor;
		add_reals(figures, budget, values, units->cnt, 1);
		return;
	}
	if (!units->is_signed)
		sums = (struct sums){ UINT64_MAX, 0, 0 };
	if (!figures->no_quantiles && sketch__expect(sketch, budget, units->cnt))
		figures->no_quantiles = true;
	while (at < units->cnt) {
		at = add_some(&sums, sketch, units, at, !figures->no_quantiles);
		if (at < units->cnt && cover_units(sketch, budget, units, at))
			figures->no_quantiles = true;
	}
	sketch->cnt += units->cnt;
	add_exact(figures, units, widened(units, sums.min), widened(units, sums.max),
		  sum_of(units, &sums), units->cnt);
}

/* One value that stands for all. */
static void take_const(struct figures *figures, size_t *budget, const struct units *units,
		       uint32_t times)
{
	const figures_int v = widened(units, units->nums[0]);
	const double value = real_of(units->nums[0], units->is_signed) / units->divisor;

	if (!is_exact(figures, units)) {
		add_reals(figures, budget, &value, 1, times);
		return;
	}
	add_exact(figures, units, v, v, v * times, times);
	if (!figures->no_quantiles)
		figures->no_quantiles = sketch__add_times(&figures->sketch, budget, value, times);
}

/* Decimals of a scale each. */
static void take_each(struct figures *figures, size_t *budget, const struct ttlog_column *column,
		      const uint32_t *rows, uint32_t cnt)
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
		take_units(figures, budget, &units);
	}
}

static void take_blocks(struct figures *figures, size_t *budget, const struct ttlog_column *column,
			const uint32_t *rows, uint32_t cnt)
{
	struct units units = units_of(column);

	for (uint32_t at = 0; at < cnt; at += BLOCK) {
		uint32_t len = cnt - at < BLOCK ? cnt - at : BLOCK;

		units.nums = rows ? column->nums : column->nums + at;
		units.rows = rows ? rows + at : NULL;
		units.cnt = len;
		take_units(figures, budget, &units);
	}
}

static void take_real_blocks(struct figures *figures, size_t *budget,
			     const struct ttlog_column *column, const uint32_t *rows, uint32_t cnt)
{
	for (uint32_t at = 0; at < cnt; at += BLOCK)
		take_reals(figures, budget, column, rows, at, cnt - at < BLOCK ? cnt - at : BLOCK,
			   1);
}

void figures__column(struct figures *figures, size_t *budget, const struct ttlog_column *column,
		     const uint32_t *rows, uint32_t cnt)
{
	const bool is_const = ttlog_column_is_const(column);

	figures->has_wide |= column->type != TTLOG_TYPE_F32;
	if (column->reals && is_const)
		take_reals(figures, budget, column, NULL, 0, 1, cnt);
	else if (column->reals)
		take_real_blocks(figures, budget, column, rows, cnt);
	else if (column->scale_mask && column->scales)
		take_each(figures, budget, column, rows, cnt);
	else if (is_const) {
		struct units units = units_of(column);

		take_const(figures, budget, &units, cnt);
	} else
		take_blocks(figures, budget, column, rows, cnt);
}

/* ---- Figures ---- */

static bool is_whole(const struct figures *figures)
{
	return figures->exact_cnt && !figures->real_cnt;
}

double figures__middle(const struct figures *figures, const struct sketch_bucket *bucket)
{
	const double unit = is_whole(figures) ? power(figures->scale) : 1;
	double min = figures__value(figures, FIGURE_MIN), max = figures__value(figures, FIGURE_MAX);
	double from = fabs(bucket->from) * unit, to = fabs(bucket->to) * unit, middle;

	/* of whole numbers: that one, or the middle one, of those in the bucket */
	if (!is_whole(figures))
		middle = from + (to - from) / 2;
	else if (to - from <= 1)
		middle = ceil(from - 1e-9 * from);
	else
		middle = floor(from + (to - from) / 2);
	middle = copysign(middle / unit, bucket->from);
	if (middle < min)
		return min;
	return middle > max ? max : middle;
}

/* Either end, of both kinds of numbers. */
static double end_of(const struct figures *figures, bool max)
{
	double exact = (double)(max ? figures->max : figures->min) / power(figures->scale);
	double real = max ? figures->real_max : figures->real_min;

	if (!figures->real_cnt)
		return exact;
	return !figures->exact_cnt || (exact > real) != max ? real : exact;
}

/* Quantiles that are the least or the greatest value are so exactly. */
static enum figure settle(const struct figures *figures, enum figure which, uint64_t *ret_rank)
{
	static const unsigned PERCENTS[] = {
		[FIGURE_P50] = 50, [FIGURE_P90] = 90, [FIGURE_P99] = 99
	};

	if (which < FIGURE_P50 || which > FIGURE_P99 || figures->no_quantiles)
		return which;
	*ret_rank = sketch__rank(&figures->sketch, PERCENTS[which]);
	if (*ret_rank == figures->sketch.cnt)
		return FIGURE_MAX;
	return *ret_rank == 1 ? FIGURE_MIN : which;
}

double figures__value(const struct figures *figures, enum figure which)
{
	long double sum = figures->real_sum;
	struct sketch_bucket bucket;
	uint64_t rank = 0;

	if (!figures__cnt(figures))
		return NAN;
	switch (settle(figures, which, &rank)) {
	case FIGURE_MIN:
		return end_of(figures, false);
	case FIGURE_MAX:
		return end_of(figures, true);
	case FIGURE_MEAN:
		sum += (long double)figures->sum / power(figures->scale);
		return (double)(sum / figures__cnt(figures));
	default:
		if (figures->no_quantiles)
			return NAN;
		bucket = sketch__ranked(&figures->sketch, rank);
		return figures__middle(figures, &bucket);
	}
}

/* The number times 10^-scale, without zeros that say nothing behind its first `scale - spare`
 * digits. */
static size_t print_units(char *to, figures_int units, unsigned scale, unsigned spare)
{
	__extension__ unsigned __int128 magnitude = units < 0 ? -(unsigned __int128)units
							      : (unsigned __int128)units;
	char digits[FIGURES_TEXT_BYTES], *p = digits + sizeof(digits);
	size_t len = 0, cnt;

	for (unsigned i = 0; i <= scale || magnitude; i++) {
		*--p = (char)('0' + (unsigned)(magnitude % 10));
		magnitude /= 10;
	}
	cnt = (size_t)(digits + sizeof(digits) - p);
	if (units < 0)
		to[len++] = '-';
	memcpy(to + len, p, cnt - scale);
	len += cnt - scale;
	p += cnt - scale;
	while (spare && p[scale - 1] == '0') {
		spare--;
		scale--;
	}
	if (scale) {
		to[len++] = '.';
		memcpy(to + len, p, scale);
		len += scale;
	}
	return len;
}

static size_t print_mean(const struct figures *figures, char *to)
{
	const figures_int cnt = (figures_int)figures->exact_cnt;
	figures_int whole = figures->sum / cnt, rest = figures->sum % cnt;

	for (unsigned i = 0; i < MEAN_DIGITS; i++) {
		rest *= 10;
		whole = whole * 10 + rest / cnt;
		rest %= cnt;
	}
	if (rest * 2 >= cnt)
		whole++;
	else if (rest * 2 <= -cnt)
		whole--;
	return print_units(to, whole, figures->scale + MEAN_DIGITS, MEAN_DIGITS);
}

size_t figures__text(const struct figures *figures, enum figure which, char *to)
{
	double v = figures__value(figures, which);
	figures_int units;
	uint64_t rank;

	if (!isfinite(v))
		return 0;
	if (!figures->exact_cnt && !figures->has_wide && which != FIGURE_MEAN)
		return format__f32(to, (float)v);
	if (!is_whole(figures))
		return format__f64(to, v);
	switch (settle(figures, which, &rank)) {
	case FIGURE_MEAN:
		return print_mean(figures, to);
	case FIGURE_MIN:
		units = figures->min;
		break;
	case FIGURE_MAX:
		units = figures->max;
		break;
	default:
		units = (figures_int)rint(v * power(figures->scale));
		/* a double may lie beyond, from 2^53 on */
		units = units > figures->max ? figures->max : units;
		units = units < figures->min ? figures->min : units;
	}
	return print_units(to, units, figures->scale, 0);
}
