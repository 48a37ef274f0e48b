/* SPDX-License-Identifier: MIT */
#include <math.h>

#include "significance.h"

/* Chi square with one degree of freedom: chance exceeds this once in a thousand times. */
#define SURE_G         10.83
/* As doublings: a half more, and a quarter more. */
#define MIN_COUNTS     0.585 /* and of shares */
#define MIN_QUANTILES  0.322
/* A quantile of fewer values says nothing. */
#define MIN_FOR_MEDIAN 20u
#define MIN_FOR_TAIL   200u

static double limit(double change)
{
	return change > SIGNIFICANCE_MAX_CHANGE    ? SIGNIFICANCE_MAX_CHANGE
	       : change < -SIGNIFICANCE_MAX_CHANGE ? -SIGNIFICANCE_MAX_CHANGE
						   : change;
}

/* What is known of two counts, or shares, and their test. */
static struct significance found_of(uint64_t a, uint64_t b, double change, double g)
{
	if (!a != !b)
		change = b ? SIGNIFICANCE_MAX_CHANGE : -SIGNIFICANCE_MAX_CHANGE;
	change = limit(change);
	return (struct significance){ change, g >= SURE_G && fabs(change) >= MIN_COUNTS };
}

static double term(double seen, double expected)
{
	return seen > 0 && expected > 0 ? 2 * seen * log(seen / expected) : 0;
}

struct significance significance__counts(uint64_t a, double a_s, uint64_t b, double b_s)
{
	double all = (double)a + (double)b, a_share, g;

	if (a_s <= 0 || b_s <= 0)
		a_s = b_s = 1;
	a_share = a_s / (a_s + b_s);
	g = term((double)a, all * a_share) + term((double)b, all * (1 - a_share));
	return found_of(a, b, log2(((double)b + 0.5) / b_s) - log2(((double)a + 0.5) / a_s), g);
}

/* The likelihood ratio of a table of two by two. */
static double test_shares(double a, double a_of, double b, double b_of)
{
	double share = (a + b) / (a_of + b_of);

	return term(a, a_of * share) + term(b, b_of * share) + term(a_of - a, a_of * (1 - share)) +
	       term(b_of - b, b_of * (1 - share));
}

struct significance significance__shares(uint64_t a, uint64_t a_of, uint64_t b, uint64_t b_of)
{
	if (!a_of || !b_of)
		return (struct significance){ 0, false };
	return found_of(a, b,
			log2(((double)b + 0.5) / ((double)b_of + 1)) -
				log2(((double)a + 0.5) / ((double)a_of + 1)),
			test_shares((double)a, (double)a_of, (double)b, (double)b_of));
}

/* How many values are above the bucket of `at`; with `or_in`, or in it. */
static uint64_t count_above(const struct aggregate *aggregate, double at, bool or_in)
{
	struct sketch_bucket bucket;
	struct aggregate_walk walk;
	uint64_t cnt = 0;

	aggregate__walk(aggregate, &walk);
	while (aggregate__next(aggregate, &walk, &bucket)) {
		double low = bucket.from < bucket.to ? bucket.from : bucket.to;
		double high = bucket.from < bucket.to ? bucket.to : bucket.from;
		bool is_in = low <= at && at <= high;

		if (is_in ? or_in : low > at)
			cnt += bucket.cnt;
	}
	return cnt;
}

/* Whether the shares of the values beyond one run's quantile differ. */
static bool is_shifted(const struct aggregate *a, const struct aggregate *b, double at)
{
	double a_cnt = (double)aggregate__cnt(a), b_cnt = (double)aggregate__cnt(b);

	for (int or_in = 0; or_in < 2; or_in++) {
		if (test_shares((double)count_above(a, at, or_in), a_cnt,
				(double)count_above(b, at, or_in), b_cnt) >= SURE_G)
			return true;
	}
	return false;
}

/* The unit of a difference if one value is 0 and there is no ratio: a thousandth of the range. */
static double unit_of(const struct aggregate *a, const struct aggregate *b)
{
	double min = fmin(aggregate__value(a, STATISTIC_MIN), aggregate__value(b, STATISTIC_MIN));
	double max = fmax(aggregate__value(a, STATISTIC_MAX), aggregate__value(b, STATISTIC_MAX));

	return (max - min) / 1000;
}

struct significance significance__quantiles(const struct aggregate *a, const struct aggregate *b,
					    enum statistic which)
{
	const uint64_t need = which == STATISTIC_P50 ? MIN_FOR_MEDIAN : MIN_FOR_TAIL;
	double from = aggregate__value(a, which), to = aggregate__value(b, which), base;
	struct significance found = { 0, false };

	if (aggregate__cnt(a) < need || aggregate__cnt(b) < need || isnan(from) || isnan(to) ||
	    from == to)
		return found;
	base = fmin(fabs(from), fabs(to));
	if (base == 0)
		base = unit_of(a, b);
	found.change = log2(1 + fabs(to - from) / base);
	found.change = limit(to > from ? found.change : -found.change);
	found.is_sure = fabs(found.change) >= MIN_QUANTILES &&
			(is_shifted(a, b, from) || is_shifted(a, b, to));
	return found;
}

double significance__weight(struct significance found, uint64_t events)
{
	return fabs(found.change) * log10(1 + (double)events);
}
