/* SPDX-License-Identifier: MIT */
/*
 * The statistics of an aggregate, as numbers and as text.
 */
#include <math.h>
#include <string.h>

#include "aggregate.h"

/* A mean has so many more digits than the values. */
#define MEAN_DIGITS 6u
/* From this one on, powers of ten are not exact in a double. */
#define POWER_CNT   23u

const char *const STATISTIC_NAMES[STATISTIC_CNT] = { "min", "mean", "p50", "p90", "p99", "max" };

double aggregate__power(unsigned exponent)
{
	static const double POWERS[POWER_CNT] = {
		1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
		1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
	};

	return exponent < POWER_CNT ? POWERS[exponent] : pow(10, exponent);
}

static bool is_whole(const struct aggregate *aggregate)
{
	return aggregate->exact_cnt && !aggregate->real_cnt;
}

double aggregate__middle(const struct aggregate *aggregate, const struct sketch_bucket *bucket)
{
	const double unit = is_whole(aggregate) ? aggregate__power(aggregate->scale) : 1;
	double min = aggregate__value(aggregate, STATISTIC_MIN);
	double max = aggregate__value(aggregate, STATISTIC_MAX);
	double from = fabs(bucket->from) * unit, to = fabs(bucket->to) * unit, middle;

	if (bucket->from == bucket->to)
		return bucket->from;
	/* of whole numbers: the bucket's only one, or its middle one */
	if (!is_whole(aggregate))
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

/* The minimum or the maximum, of both kinds of numbers. */
static double end_of(const struct aggregate *aggregate, bool max)
{
	double exact = (double)(max ? aggregate->max : aggregate->min) /
		       aggregate__power(aggregate->scale);
	double real = max ? aggregate->real_max : aggregate->real_min;

	if (!aggregate->real_cnt)
		return exact;
	return !aggregate->exact_cnt || (exact > real) != max ? real : exact;
}

/* A quantile that is the least or the greatest value is exact. */
static enum statistic settle(const struct aggregate *aggregate, enum statistic which,
			     uint64_t *ret_rank)
{
	static const unsigned PERCENTS[] = {
		[STATISTIC_P50] = 50, [STATISTIC_P90] = 90, [STATISTIC_P99] = 99
	};

	if (which < STATISTIC_P50 || which > STATISTIC_P99 || aggregate->no_quantiles)
		return which;
	*ret_rank = sketch__rank(aggregate__cnt(aggregate), PERCENTS[which]);
	if (*ret_rank == aggregate__cnt(aggregate))
		return STATISTIC_MAX;
	return *ret_rank == 1 ? STATISTIC_MIN : which;
}

/* The distinct number of that rank, which counts from 1. */
static uint64_t ranked_key(const struct aggregate *aggregate, uint64_t rank)
{
	struct distinct_slot slots[DISTINCT_MAX];
	const unsigned cnt = distinct__sorted(&aggregate->distinct, slots);
	unsigned i = 0;

	while (i + 1 < cnt && slots[i].times < rank)
		rank -= slots[i++].times;
	return cnt ? slots[i].key : 0;
}

double aggregate__value(const struct aggregate *aggregate, enum statistic which)
{
	long double sum = aggregate->real_sum;
	struct sketch_bucket bucket;
	uint64_t rank = 0;

	if (!aggregate__cnt(aggregate))
		return NAN;
	switch (settle(aggregate, which, &rank)) {
	case STATISTIC_MIN:
		return end_of(aggregate, false);
	case STATISTIC_MAX:
		return end_of(aggregate, true);
	case STATISTIC_MEAN:
		sum += (long double)aggregate->sum / aggregate__power(aggregate->scale);
		return (double)(sum / aggregate__cnt(aggregate));
	default:
		if (aggregate->no_quantiles)
			return NAN;
		if (!aggregate->is_many)
			return distinct__value(&aggregate->distinct, ranked_key(aggregate, rank),
					       aggregate__power(aggregate->scale));
		bucket = sketch__ranked(&aggregate->sketch, rank);
		return aggregate__middle(aggregate, &bucket);
	}
}

uint64_t aggregate__ns(const struct aggregate *aggregate, enum statistic which)
{
	const double v = aggregate__value(aggregate, which);

	if (v >= 0x1p64)
		return UINT64_MAX;
	return v > 0 ? (uint64_t)v : 0;
}

void aggregate__walk(const struct aggregate *aggregate, struct aggregate_walk *ret)
{
	ret->at = 0;
	ret->cnt = distinct__sorted(&aggregate->distinct, ret->slots);
}

bool aggregate__next(const struct aggregate *aggregate, struct aggregate_walk *walk,
		     struct sketch_bucket *ret)
{
	double v;

	if (aggregate->is_many)
		return sketch__next(&aggregate->sketch, &walk->at, ret);
	if (walk->at == walk->cnt)
		return false;
	v = distinct__value(&aggregate->distinct, walk->slots[walk->at].key,
			    aggregate__power(aggregate->scale));
	*ret = (struct sketch_bucket){ v, v, walk->slots[walk->at++].times };
	return true;
}

/* Writes the units as a number, without zeros at the end beyond its first `scale - spare`
 * digits. */
static size_t print_units(char *to, aggregate_int units, unsigned scale, unsigned spare)
{
	__extension__ unsigned __int128 magnitude = units < 0 ? -(unsigned __int128)units
							      : (unsigned __int128)units;
	char digits[AGGREGATE_TEXT_BYTES], *p = digits + sizeof(digits);
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

static size_t print_mean(const struct aggregate *aggregate, char *to)
{
	const aggregate_int cnt = (aggregate_int)aggregate->exact_cnt;
	aggregate_int whole = aggregate->sum / cnt, rest = aggregate->sum % cnt;

	for (unsigned i = 0; i < MEAN_DIGITS; i++) {
		rest *= 10;
		whole = whole * 10 + rest / cnt;
		rest %= cnt;
	}
	if (rest * 2 >= cnt)
		whole++;
	else if (rest * 2 <= -cnt)
		whole--;
	return print_units(to, whole, aggregate->scale + MEAN_DIGITS, MEAN_DIGITS);
}

size_t aggregate__text(const struct aggregate *aggregate, enum statistic which, char *to)
{
	double v = aggregate__value(aggregate, which);
	aggregate_int units;
	uint64_t rank;

	if (!isfinite(v))
		return 0;
	if (!aggregate->exact_cnt && !aggregate->has_wide && which != STATISTIC_MEAN)
		return format__f32(to, (float)v);
	if (!is_whole(aggregate))
		return format__f64(to, v);
	switch (settle(aggregate, which, &rank)) {
	case STATISTIC_MEAN:
		return print_mean(aggregate, to);
	case STATISTIC_MIN:
		units = aggregate->min;
		break;
	case STATISTIC_MAX:
		units = aggregate->max;
		break;
	default:
		if (!aggregate->is_many && aggregate->distinct.kind == DISTINCT_SIGNED)
			units = (int64_t)ranked_key(aggregate, rank);
		else if (!aggregate->is_many && aggregate->distinct.kind == DISTINCT_UNSIGNED)
			units = (aggregate_int)ranked_key(aggregate, rank);
		else
			units = (aggregate_int)rint(v * aggregate__power(aggregate->scale));
		/* a double may lie outside, from 2^53 on */
		units = units > aggregate->max ? aggregate->max : units;
		units = units < aggregate->min ? aggregate->min : units;
	}
	return print_units(to, units, aggregate->scale, 0);
}

void aggregate__print_json(const struct aggregate *aggregate, struct out *out)
{
	for (unsigned i = 0; i < STATISTIC_CNT; i++) {
		char text[AGGREGATE_TEXT_BYTES];
		size_t len = aggregate__text(aggregate, i, text);

		out__format(out, ",\"%s\":", STATISTIC_NAMES[i]);
		out__bytes(out, len ? text : "null", len ? len : 4);
	}
}
