/* SPDX-License-Identifier: MIT */
/*
 * What figures come to, as numbers and as text.
 */
#include <math.h>
#include <string.h>

#include "figures.h"
#include "figures_parts.h"

/* So many digits of a mean are given behind those of the values. */
#define MEAN_DIGITS 6u
/* From here on powers of ten are not exact in a double. */
#define POWER_CNT   23u

const char *const FIGURE_NAMES[FIGURE_CNT] = { "min", "mean", "p50", "p90", "p99", "max" };

double figures__power(unsigned exponent)
{
	static const double POWERS[POWER_CNT] = {
		1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
		1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
	};

	return exponent < POWER_CNT ? POWERS[exponent] : pow(10, exponent);
}

static bool is_whole(const struct figures *figures)
{
	return figures->exact_cnt && !figures->real_cnt;
}

double figures__middle(const struct figures *figures, const struct sketch_bucket *bucket)
{
	const double unit = is_whole(figures) ? figures__power(figures->scale) : 1;
	double min = figures__value(figures, FIGURE_MIN), max = figures__value(figures, FIGURE_MAX);
	double from = fabs(bucket->from) * unit, to = fabs(bucket->to) * unit, middle;

	if (bucket->from == bucket->to)
		return bucket->from;
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
	double exact = (double)(max ? figures->max : figures->min) / figures__power(figures->scale);
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
	*ret_rank = sketch__rank(figures__cnt(figures), PERCENTS[which]);
	if (*ret_rank == figures__cnt(figures))
		return FIGURE_MAX;
	return *ret_rank == 1 ? FIGURE_MIN : which;
}

/* The distinct number of that rank, counted from 1. */
static uint64_t ranked_key(const struct figures *figures, uint64_t rank)
{
	struct distinct_slot slots[DISTINCT_MAX];
	const unsigned cnt = distinct__sorted(&figures->distinct, slots);
	unsigned i = 0;

	while (i + 1 < cnt && slots[i].times < rank)
		rank -= slots[i++].times;
	return cnt ? slots[i].key : 0;
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
		sum += (long double)figures->sum / figures__power(figures->scale);
		return (double)(sum / figures__cnt(figures));
	default:
		if (figures->no_quantiles)
			return NAN;
		if (!figures->is_many)
			return distinct__value(&figures->distinct, ranked_key(figures, rank),
					       figures__power(figures->scale));
		bucket = sketch__ranked(&figures->sketch, rank);
		return figures__middle(figures, &bucket);
	}
}

uint64_t figures__ns(const struct figures *figures, enum figure which)
{
	const double v = figures__value(figures, which);

	if (v >= 0x1p64)
		return UINT64_MAX;
	return v > 0 ? (uint64_t)v : 0;
}

void figures__walk(const struct figures *figures, struct figures_walk *ret)
{
	ret->at = 0;
	ret->cnt = distinct__sorted(&figures->distinct, ret->slots);
}

bool figures__next(const struct figures *figures, struct figures_walk *walk,
		   struct sketch_bucket *ret)
{
	double v;

	if (figures->is_many)
		return sketch__next(&figures->sketch, &walk->at, ret);
	if (walk->at == walk->cnt)
		return false;
	v = distinct__value(&figures->distinct, walk->slots[walk->at].key,
			    figures__power(figures->scale));
	*ret = (struct sketch_bucket){ v, v, walk->slots[walk->at++].times };
	return true;
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
		if (!figures->is_many && figures->distinct.kind == DISTINCT_SIGNED)
			units = (int64_t)ranked_key(figures, rank);
		else if (!figures->is_many && figures->distinct.kind == DISTINCT_UNSIGNED)
			units = (figures_int)ranked_key(figures, rank);
		else
			units = (figures_int)rint(v * figures__power(figures->scale));
		/* a double may lie beyond, from 2^53 on */
		units = units > figures->max ? figures->max : units;
		units = units < figures->min ? figures->min : units;
	}
	return print_units(to, units, figures->scale, 0);
}
