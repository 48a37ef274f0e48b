/* SPDX-License-Identifier: MIT */
/*
 * A column's values become doubles for the sketch, chunk by chunk in a buffer; whole numbers are
 * added up as such on the way.
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

const char *const FIGURE_NAMES[FIGURE_CNT] = { "min", "mean", "p50", "p90", "p99", "max" };

/* Values on their way: a chunk has no more. One thread reads. */
static double values[TTLOG_CHUNK_MAX_EVENTS];

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

static void sketch_values(struct figures *figures, size_t *budget, uint32_t cnt, uint32_t times,
			  double min, double max)
{
	int err;

	if (figures->no_quantiles || !cnt)
		return;
	if (times > 1)
		err = sketch__add_times(&figures->sketch, budget, values[0], times);
	else
		err = sketch__add(&figures->sketch, budget, values, cnt, min, max);
	figures->no_quantiles = err;
}

/* Of `cnt` finite values, each so many times. */
static void add_reals(struct figures *figures, size_t *budget, uint32_t cnt, uint32_t times)
{
	double min = INFINITY, max = -INFINITY;
	long double sum = 0;

	for (uint32_t i = 0; i < cnt; i++) {
		min = values[i] < min ? values[i] : min;
		max = values[i] > max ? values[i] : max;
		sum += values[i];
	}
	if (!cnt)
		return;
	if (!figures->real_cnt || min < figures->real_min)
		figures->real_min = min;
	if (!figures->real_cnt || max > figures->real_max)
		figures->real_max = max;
	figures->real_cnt += (uint64_t)cnt * times;
	figures->real_sum += sum * times;
	sketch_values(figures, budget, cnt, times, min, max);
}

static void take_reals(struct figures *figures, size_t *budget, const struct ttlog_column *column,
		       const uint32_t *rows, uint32_t cnt, uint32_t times)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < cnt; i++) {
		double v = column->reals[(rows ? rows[i] : i) & column->mask];

		values[kept] = v;
		kept += isfinite(v) != 0;
		figures->nan_cnt += (isnan(v) != 0) * times;
		figures->infinite_cnt += (isinf(v) != 0) * times;
	}
	add_reals(figures, budget, kept, times);
}

/* Units of an unsigned column from 2^63 on are the only ones that an int64_t does not hold. */
struct units {
	figures_int sum, min, max;
};

static struct units sum_units(const struct ttlog_column *column, const uint32_t *rows, uint32_t cnt,
			      double divisor)
{
	const bool is_signed = ttlog_type_is_signed(column->type) ||
			       column->scales; /* decimals, and scaled reals */
	const uint64_t flip = is_signed ? 0 : UINT64_C(1) << 63, *nums = column->nums;
	const size_t mask = column->mask;
	int64_t min = INT64_MAX, max = INT64_MIN;
	uint64_t low = 0;
	int64_t high = 0;

	/* An unsigned number with its highest bit flipped is a signed one 2^63 smaller. */
	for (uint32_t i = 0; i < cnt; i++) {
		int64_t v = (int64_t)(nums[(rows ? rows[i] : i) & mask] ^ flip);

		min = v < min ? v : min;
		max = v > max ? v : max;
		low += (uint64_t)v & UINT32_MAX;
		high += v >> 32;
	}
	if (is_signed || max < 0) {
		for (uint32_t i = 0; i < cnt; i++)
			values[i] = (double)(int64_t)nums[(rows ? rows[i] : i) & mask];
	} else {
		for (uint32_t i = 0; i < cnt; i++)
			values[i] = (double)nums[(rows ? rows[i] : i) & mask];
	}
	for (uint32_t i = 0; divisor != 1 && i < cnt; i++)
		values[i] /= divisor;
	return (struct units){
		.sum = ((figures_int)high * ((figures_int)1 << 32)) + low + (figures_int)flip * cnt,
		.min = (figures_int)min + (figures_int)flip,
		.max = (figures_int)max + (figures_int)flip,
	};
}

/* A column of units of one scale. */
static void take_units(struct figures *figures, size_t *budget, const struct ttlog_column *column,
		       const uint32_t *rows, uint32_t cnt, uint32_t times)
{
	const unsigned scale = column->scales ? (unsigned)column->scales[0] : 0;
	const double divisor = scale ? pow(10, scale) : 1;
	struct units units = sum_units(column, rows, cnt, divisor);
	bool is_exact = scale <= EXACT_SCALE_MAX &&
			(!figures->exact_cnt || figures->scale == scale);

	if (!is_exact) {
		add_reals(figures, budget, cnt, times);
		return;
	}
	if (!figures->exact_cnt || units.min < figures->min)
		figures->min = units.min;
	if (!figures->exact_cnt || units.max > figures->max)
		figures->max = units.max;
	figures->scale = scale;
	figures->exact_cnt += (uint64_t)cnt * times;
	figures->sum += units.sum * times;
	sketch_values(figures, budget, cnt, times, (double)units.min / divisor,
		      (double)units.max / divisor);
}

/* Decimals of a scale each. */
static void take_each(struct figures *figures, size_t *budget, const struct ttlog_column *column,
		      const uint32_t *rows, uint32_t cnt)
{
	struct ttlog_column one = *column;

	one.mask = one.scale_mask = 0;
	for (uint32_t i = 0; i < cnt; i++) {
		uint32_t row = rows ? rows[i] : i;

		one.nums = &column->nums[row & column->mask];
		one.scales = &column->scales[row & column->scale_mask];
		take_units(figures, budget, &one, NULL, 1, 1);
	}
}

void figures__column(struct figures *figures, size_t *budget, const struct ttlog_column *column,
		     const uint32_t *rows, uint32_t cnt)
{
	uint32_t times = 1;

	if (cnt > 1 && ttlog_column_is_const(column)) {
		times = cnt;
		cnt = 1;
	}
	figures->has_wide |= column->type != TTLOG_TYPE_F32;
	if (column->reals)
		take_reals(figures, budget, column, rows, cnt, times);
	else if (column->scale_mask && column->scales)
		take_each(figures, budget, column, rows, cnt);
	else
		take_units(figures, budget, column, rows, cnt, times);
}

/* ---- Figures ---- */

static double power(unsigned exponent)
{
	return pow(10, exponent);
}

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
