/* SPDX-License-Identifier: MIT */
/* A field's aggregates, compared with sums made by hand. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "aggregate.h"
#include <ttlog/read.h>

static struct aggregate_memory memory;

#define ALL (~(size_t)0)

static void statistic_is(const struct aggregate *aggregate, enum statistic which,
			 const char *wanted)
{
	char text[AGGREGATE_TEXT_BYTES];
	size_t len = aggregate__text(aggregate, which, text);

	text[len] = '\0';
	assert_string_equal(text, wanted);
}

static void add_ints(struct aggregate *aggregate, uint8_t type, const uint64_t *nums, uint32_t cnt)
{
	const struct ttlog_column column = { .type = type, .nums = nums, .mask = ALL };

	aggregate__column(aggregate, &memory, &column, NULL, cnt);
}

static void test_aggregate_of_the_widest_integers(void **state)
{
	const uint64_t nums[] = { 0, UINT64_MAX, UINT64_MAX, UINT64_MAX - 1 };
	const uint64_t negative[] = { UINT64_C(1) << 63, INT64_MAX, UINT64_MAX };
	struct aggregate aggregate = { .exact_cnt = 0 };

	(void)state;
	memory = (struct aggregate_memory){ 1u << 20, 1u << 20 };
	add_ints(&aggregate, TTLOG_TYPE_U64, nums, 4);
	statistic_is(&aggregate, STATISTIC_MIN, "0");
	statistic_is(&aggregate, STATISTIC_MAX, "18446744073709551615");
	statistic_is(&aggregate, STATISTIC_MEAN, "13835058055282163711");
	statistic_is(&aggregate, STATISTIC_P99, "18446744073709551615");
	/* the same field, with a signed type at another site */
	add_ints(&aggregate, TTLOG_TYPE_I64, negative, 3);
	statistic_is(&aggregate, STATISTIC_MIN, "-9223372036854775808");
	statistic_is(&aggregate, STATISTIC_MAX, "18446744073709551615");
	assert_int_equal(aggregate__cnt(&aggregate), 7);
	aggregate__fini(&aggregate);
}

/* More than one block, with and without rows, around zero and around 2^63. */
static void test_aggregate_of_many_blocks(void **state)
{
	enum {
		CNT = 5000
	};
	static uint64_t nums[CNT];
	static uint32_t rows[CNT];
	struct ttlog_column column = { .type = TTLOG_TYPE_I64, .nums = nums, .mask = ALL };
	struct aggregate aggregate = { .exact_cnt = 0 };

	(void)state;
	memory = (struct aggregate_memory){ 1u << 20, 1u << 20 };
	for (uint32_t i = 0; i < CNT; i++) {
		nums[i] = (uint64_t)(int64_t)i - CNT / 2;
		rows[i] = i * 7 % CNT;
	}
	aggregate__column(&aggregate, &memory, &column, NULL, CNT);
	aggregate__column(&aggregate, &memory, &column, rows, CNT);
	statistic_is(&aggregate, STATISTIC_MIN, "-2500");
	statistic_is(&aggregate, STATISTIC_MAX, "2499");
	statistic_is(&aggregate, STATISTIC_MEAN, "-0.5");
	assert_int_equal(aggregate.sketch.cnt, 2 * CNT);
	assert_true(fabs(aggregate__value(&aggregate, STATISTIC_P90) - 1999) <=
		    1999 * SKETCH_ERROR);
	aggregate__fini(&aggregate);
	aggregate = (struct aggregate){ .exact_cnt = 0 };
	for (uint32_t i = 0; i < CNT; i++)
		nums[i] += UINT64_C(1) << 63;
	column.type = TTLOG_TYPE_U64;
	aggregate__column(&aggregate, &memory, &column, NULL, CNT);
	statistic_is(&aggregate, STATISTIC_MIN, "9223372036854773308");
	statistic_is(&aggregate, STATISTIC_MAX, "9223372036854778307");
	statistic_is(&aggregate, STATISTIC_MEAN, "9223372036854775807.5");
	aggregate__fini(&aggregate);
}

static void test_aggregate_of_reals_in_blocks(void **state)
{
	enum {
		CNT = 3001
	};
	static double reals[CNT];
	const struct ttlog_column column = { .type = TTLOG_TYPE_F64, .reals = reals, .mask = ALL };
	struct aggregate aggregate = { .exact_cnt = 0 };

	(void)state;
	memory = (struct aggregate_memory){ 1u << 20, 1u << 20 };
	for (uint32_t i = 0; i < CNT; i++)
		reals[i] = i % 1000 == 999 ? NAN : (double)i / 4;
	aggregate__column(&aggregate, &memory, &column, NULL, CNT);
	assert_int_equal(aggregate.nan_cnt, 3);
	assert_int_equal(aggregate__cnt(&aggregate), CNT - 3);
	statistic_is(&aggregate, STATISTIC_MIN, "0.0");
	statistic_is(&aggregate, STATISTIC_MAX, "750.0");
	/* 0 to 3000 without 999, 1999, 2999 */
	assert_true(aggregate__value(&aggregate, STATISTIC_MEAN) ==
		    (3000.0 * 3001 / 2 - 999 - 1999 - 2999) / 4 / (CNT - 3));
	aggregate__fini(&aggregate);
}

static void test_aggregate_of_small_integers_is_exact(void **state)
{
	uint64_t nums[1000];
	struct aggregate aggregate = { .exact_cnt = 0 };

	(void)state;
	memory = (struct aggregate_memory){ 1u << 20, 1u << 20 };
	for (uint32_t i = 0; i < 1000; i++)
		nums[i] = i % 100 + 1;
	add_ints(&aggregate, TTLOG_TYPE_U32, nums, 1000);
	statistic_is(&aggregate, STATISTIC_MIN, "1");
	statistic_is(&aggregate, STATISTIC_MEAN, "50.5");
	statistic_is(&aggregate, STATISTIC_P50, "50");
	statistic_is(&aggregate, STATISTIC_P90, "90");
	statistic_is(&aggregate, STATISTIC_P99, "99");
	statistic_is(&aggregate, STATISTIC_MAX, "100");
	aggregate__fini(&aggregate);
}

static void test_aggregate_of_rows_and_constants(void **state)
{
	const uint64_t nums[] = { 10, 20, 30, 40 }, one = (uint64_t)-5;
	const uint32_t rows[] = { 1, 3 };
	const struct ttlog_column column = { .type = TTLOG_TYPE_I32, .nums = nums, .mask = ALL };
	const struct ttlog_column constant = { .type = TTLOG_TYPE_I32, .nums = &one };
	struct aggregate aggregate = { .exact_cnt = 0 };

	(void)state;
	memory = (struct aggregate_memory){ 1u << 20, 1u << 20 };
	aggregate__column(&aggregate, &memory, &column, rows, 2);
	statistic_is(&aggregate, STATISTIC_MEAN, "30");
	aggregate__column(&aggregate, &memory, &constant, NULL, 8);
	assert_int_equal(aggregate__cnt(&aggregate), 10);
	statistic_is(&aggregate, STATISTIC_MIN, "-5");
	statistic_is(&aggregate, STATISTIC_P50, "-5");
	statistic_is(&aggregate, STATISTIC_MEAN, "2");
	statistic_is(&aggregate, STATISTIC_P90, "20");
	aggregate__fini(&aggregate);
}

static void test_aggregate_of_decimals(void **state)
{
	const uint64_t cents[] = { 10, 20, 10 }, scale = 2, mills[] = { 5 }, other = 3;
	struct ttlog_column column = {
		.type = TTLOG_TYPE_DECIMAL, .nums = cents, .mask = ALL, .scales = &scale
	};
	struct aggregate aggregate = { .exact_cnt = 0 };

	(void)state;
	memory = (struct aggregate_memory){ 1u << 20, 1u << 20 };
	aggregate__column(&aggregate, &memory, &column, NULL, 3);
	statistic_is(&aggregate, STATISTIC_MIN, "0.10");
	statistic_is(&aggregate, STATISTIC_MAX, "0.20");
	statistic_is(&aggregate, STATISTIC_P50, "0.10");
	statistic_is(&aggregate, STATISTIC_MEAN, "0.13333333"); /* of cents: six more digits */
	column.nums = mills;
	column.scales = &other;
	aggregate__column(&aggregate, &memory, &column, NULL, 1);
	statistic_is(&aggregate, STATISTIC_MIN, "0.005");
	statistic_is(&aggregate, STATISTIC_MAX, "0.2");
	assert_true(fabs(aggregate__value(&aggregate, STATISTIC_MEAN) - 0.405 / 4) < 1e-15);
	aggregate__fini(&aggregate);
}

static void test_aggregate_counts_nan_and_infinities_apart(void **state)
{
	const double reals[] = { NAN, 1.5, INFINITY, -2.5, -INFINITY, NAN, 4 };
	const struct ttlog_column column = { .type = TTLOG_TYPE_F64, .reals = reals, .mask = ALL };
	struct aggregate aggregate = { .exact_cnt = 0 };

	(void)state;
	memory = (struct aggregate_memory){ 1u << 20, 1u << 20 };
	aggregate__column(&aggregate, &memory, &column, NULL, 1);
	assert_int_equal(aggregate__cnt(&aggregate), 0);
	statistic_is(&aggregate, STATISTIC_MEAN, "");
	aggregate__column(&aggregate, &memory, &column, NULL, 7);
	assert_int_equal(aggregate.nan_cnt, 3);
	assert_int_equal(aggregate.infinite_cnt, 2);
	assert_int_equal(aggregate__cnt(&aggregate), 3);
	statistic_is(&aggregate, STATISTIC_MIN, "-2.5");
	statistic_is(&aggregate, STATISTIC_MEAN, "1.0");
	statistic_is(&aggregate, STATISTIC_MAX, "4.0");
	aggregate__fini(&aggregate);
}

static void test_aggregate_without_memory_has_no_quantiles(void **state)
{
	const uint64_t nums[] = { 1, 1000000 };
	struct aggregate aggregate = { .exact_cnt = 0 };

	(void)state;
	memory = (struct aggregate_memory){ 100, 0 };
	add_ints(&aggregate, TTLOG_TYPE_U64, nums, 2);
	statistic_is(&aggregate, STATISTIC_MAX, "1000000");
	statistic_is(&aggregate, STATISTIC_MEAN, "500000.5");
	statistic_is(&aggregate, STATISTIC_P50, "");
	aggregate__fini(&aggregate);
}

/* Prices of a day: all in one bucket of a sketch. */
static void test_aggregate_of_few_decimals_is_exact(void **state)
{
	const uint64_t cents[] = { 15008, 15012, 15014, 15015, 15016 }, scale = 2;
	const uint32_t rows[] = { 3, 0, 4, 1, 2, 2, 2, 1, 3, 3 };
	const struct ttlog_column column = {
		.type = TTLOG_TYPE_DECIMAL, .nums = cents, .mask = ALL, .scales = &scale
	};
	struct aggregate aggregate = { .exact_cnt = 0 };

	(void)state;
	memory = (struct aggregate_memory){ 1u << 20, 1u << 20 };
	for (unsigned i = 0; i < 1000; i++)
		aggregate__column(&aggregate, &memory, &column, rows, 10);
	statistic_is(&aggregate, STATISTIC_MIN, "150.08");
	statistic_is(&aggregate, STATISTIC_P50, "150.14");
	statistic_is(&aggregate, STATISTIC_P90, "150.15");
	statistic_is(&aggregate, STATISTIC_P99, "150.16");
	assert_true(aggregate__value(&aggregate, STATISTIC_P50) == 150.14);
	aggregate__fini(&aggregate);
	assert_int_equal(aggregate.distinct.cnt, 0);
}

/* Doubles can't tell integers above 2^53 apart; numbers of several kinds are compared as
 * doubles. */
static void test_aggregate_of_few_numbers_of_any_kind_is_exact(void **state)
{
	const uint64_t large[] = { INT64_MAX, INT64_MAX - 1, INT64_MAX - 2, INT64_MAX - 3 };
	const uint64_t small[] = { 7, UINT64_MAX }, scale = 1;
	const uint64_t tenths[] = { 5, (uint64_t)-15 };
	const double reals[] = { -0.0, 0.0, 0.25 };
	const struct ttlog_column scaled = {
		.type = TTLOG_TYPE_F64, .nums = tenths, .mask = ALL, .scales = &scale
	};
	const struct ttlog_column real = { .type = TTLOG_TYPE_F64, .reals = reals, .mask = ALL };
	struct aggregate aggregate = { .exact_cnt = 0 };

	(void)state;
	memory = (struct aggregate_memory){ 1u << 20, 1u << 20 };
	add_ints(&aggregate, TTLOG_TYPE_I64, large, 4);
	statistic_is(&aggregate, STATISTIC_P50, "9223372036854775805");
	add_ints(&aggregate, TTLOG_TYPE_U64, small, 2);
	statistic_is(&aggregate, STATISTIC_MIN, "7");
	statistic_is(&aggregate, STATISTIC_P99, "18446744073709551615");
	aggregate__fini(&aggregate);

	aggregate = (struct aggregate){ .exact_cnt = 0 };
	add_ints(&aggregate, TTLOG_TYPE_U64, small, 1);
	add_ints(&aggregate, TTLOG_TYPE_I32, small, 1);
	aggregate__column(&aggregate, &memory, &scaled, NULL, 2);
	aggregate__column(&aggregate, &memory, &real, NULL, 3);
	/* -1.5 0 0 0.25 0.5 7 7 */
	statistic_is(&aggregate, STATISTIC_MIN, "-1.5");
	statistic_is(&aggregate, STATISTIC_P50, "0.25");
	statistic_is(&aggregate, STATISTIC_P90, "7.0");
	assert_int_equal(aggregate.distinct.cnt, 5);
	aggregate__fini(&aggregate);
}

/* Values are exact up to the limit; with one more, all are within the sketch's error. */
static void test_aggregate_of_more_than_few_numbers(void **state)
{
	const uint64_t scale = 3;
	uint64_t nums[4 * (DISTINCT_MAX + 1)];
	const struct ttlog_column column = {
		.type = TTLOG_TYPE_DECIMAL, .nums = nums, .mask = ALL, .scales = &scale
	};
	struct aggregate aggregate = { .exact_cnt = 0 };

	(void)state;
	memory = (struct aggregate_memory){ 1u << 20, 1u << 20 };
	for (uint32_t i = 0; i < 4 * DISTINCT_MAX; i++)
		nums[i] = (uint64_t)((int64_t)(i % DISTINCT_MAX * 7 % DISTINCT_MAX) - 10 + 5000);
	aggregate__column(&aggregate, &memory, &column, NULL, 4 * DISTINCT_MAX);
	assert_false(aggregate.is_many);
	statistic_is(&aggregate, STATISTIC_P50, "5.013");
	statistic_is(&aggregate, STATISTIC_P90, "5.033");
	assert_true(memory.distinct_bytes < 1u << 20);
	nums[2] = (uint64_t)-77;
	aggregate__column(&aggregate, &memory, &column, NULL, 4);
	assert_true(aggregate.is_many);
	assert_int_equal(memory.distinct_bytes, 1u << 20);
	assert_int_equal(aggregate.sketch.cnt, 4 * DISTINCT_MAX + 4);
	statistic_is(&aggregate, STATISTIC_MIN, "-0.077");
	assert_true(fabs(aggregate__value(&aggregate, STATISTIC_P50) - 5.013) <=
		    5.013 * SKETCH_ERROR);
	aggregate__fini(&aggregate);
	/* without memory for them, sketches are used from the first value on */
	memory.distinct_bytes = 0;
	aggregate = (struct aggregate){ .exact_cnt = 0 };
	aggregate__column(&aggregate, &memory, &column, NULL, 4);
	assert_true(aggregate.is_many);
	assert_int_equal(aggregate.sketch.cnt, 4);
	aggregate__fini(&aggregate);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_aggregate_of_the_widest_integers),
		cmocka_unit_test(test_aggregate_of_many_blocks),
		cmocka_unit_test(test_aggregate_of_reals_in_blocks),
		cmocka_unit_test(test_aggregate_of_small_integers_is_exact),
		cmocka_unit_test(test_aggregate_of_rows_and_constants),
		cmocka_unit_test(test_aggregate_of_decimals),
		cmocka_unit_test(test_aggregate_counts_nan_and_infinities_apart),
		cmocka_unit_test(test_aggregate_of_few_decimals_is_exact),
		cmocka_unit_test(test_aggregate_of_few_numbers_of_any_kind_is_exact),
		cmocka_unit_test(test_aggregate_of_more_than_few_numbers),
		cmocka_unit_test(test_aggregate_without_memory_has_no_quantiles),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
