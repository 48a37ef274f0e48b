/* SPDX-License-Identifier: MIT */
/* Which differences between two runs are reported, and which are chance. */
#include <math.h>
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "significance.h"

static void test_significance_counts(void **state)
{
	struct significance found;

	(void)state;
	/* the same rate in half the time */
	found = significance__counts(1000, 10, 500, 5);
	assert_false(found.is_sure);
	assert_true(fabs(found.change) < 0.01);
	/* four times as many; with the runs exchanged, a quarter */
	found = significance__counts(1000, 10, 4000, 10);
	assert_true(found.is_sure);
	assert_true(fabs(found.change - 2) < 0.01);
	assert_true(fabs(significance__counts(4000, 10, 1000, 10).change + found.change) < 0.01);
	/* without times the counts themselves are compared */
	assert_true(significance__counts(10, 0, 1000, 5).is_sure);
	/* an event that one run lacks is the greatest change; three of them may be chance */
	found = significance__counts(0, 10, 412, 10);
	assert_true(found.is_sure);
	assert_true(found.change >= SIGNIFICANCE_MAX_CHANGE);
	assert_false(significance__counts(0, 10, 3, 10).is_sure);
	assert_false(significance__counts(0, 10, 0, 10).is_sure);
	/* a tenth more of a very large number is certain, and small */
	assert_false(significance__counts(10000000, 10, 11000000, 10).is_sure);
	assert_true(significance__counts(UINT64_MAX, 1, 1, UINT64_MAX / 2).is_sure);
}

static void test_significance_shares(void **state)
{
	(void)state;
	assert_false(significance__shares(500, 1000, 250, 500).is_sure);
	assert_true(significance__shares(10, 1000, 100, 1000).is_sure);
	assert_true(significance__shares(10, 1000, 100, 1000).change > 3);
	assert_true(significance__shares(100, 1000, 0, 1000).change <= -SIGNIFICANCE_MAX_CHANGE);
	assert_false(significance__shares(1, 10, 3, 10).is_sure);
	assert_false(significance__shares(0, 0, 3, 10).is_sure);
	assert_false(significance__shares(1000, 1000, 1000, 1000).is_sure);
}

static struct aggregate aggregate_of(uint32_t cnt, uint64_t (*value)(uint32_t i))
{
	static uint64_t values[TTLOG_CHUNK_MAX_EVENTS];
	const struct ttlog_column column = { .type = TTLOG_TYPE_U64,
					     .nums = values,
					     .mask = SIZE_MAX };
	struct aggregate aggregate = { .exact_cnt = 0 };
	struct aggregate_memory memory = { 1 << 20, 1 << 20 };

	for (uint32_t i = 0; i < cnt; i++)
		values[i] = value(i);
	aggregate__column(&aggregate, &memory, &column, NULL, cnt);
	return aggregate;
}

static uint64_t even(uint32_t i)
{
	return 1000 + i * 2654435761u % 100;
}

static uint64_t twice(uint32_t i)
{
	return 2 * even(i);
}

static uint64_t tail(uint32_t i)
{
	return i % 50 ? even(i) : 10 * even(i);
}

static uint64_t zero(uint32_t i)
{
	(void)i;
	return 0;
}

static void check_quantiles(uint32_t cnt, uint64_t (*a)(uint32_t i), uint64_t (*b)(uint32_t i),
			    double p50, double p99)
{
	struct aggregate from = aggregate_of(cnt, a), to = aggregate_of(cnt, b);
	struct significance median = significance__quantiles(&from, &to, STATISTIC_P50);
	struct significance most = significance__quantiles(&from, &to, STATISTIC_P99);

	assert_int_equal(median.is_sure, p50 != 0);
	assert_true(p50 == 0 || fabs(median.change - p50) < 0.05);
	assert_int_equal(most.is_sure, p99 != 0);
	assert_true(p99 == 0 || fabs(most.change - p99) < 0.05);
	aggregate__fini(&from);
	aggregate__fini(&to);
}

static void test_significance_quantiles(void **state)
{
	(void)state;
	check_quantiles(1000, even, even, 0, 0);
	check_quantiles(1000, even, twice, 1, 1);
	check_quantiles(1000, twice, even, -1, -1);
	/* one value in fifty does not change the median */
	check_quantiles(1000, even, tail, 0, log2(9.55));
	/* 100 values have a median and no tail; 19 have neither */
	check_quantiles(100, even, twice, 1, 0);
	check_quantiles(19, even, twice, 0, 0);
	check_quantiles(1000, zero, zero, 0, 0);
	/* from 0: relative to all values that occur */
	check_quantiles(1000, zero, even, log2(1 + 1000 * 1049 / 1099.0), SIGNIFICANCE_MAX_CHANGE);
}

static void test_significance_weight(void **state)
{
	const struct significance twice_as_many = { .change = -1 };

	(void)state;
	assert_true(significance__weight(twice_as_many, 0) <= 0);
	assert_true(fabs(significance__weight(twice_as_many, 999) - 3) < 1e-9);
	assert_true(significance__weight(twice_as_many, UINT64_MAX) < 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_significance_counts),
		cmocka_unit_test(test_significance_shares),
		cmocka_unit_test(test_significance_quantiles),
		cmocka_unit_test(test_significance_weight),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
