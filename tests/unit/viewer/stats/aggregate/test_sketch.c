/* SPDX-License-Identifier: MIT */
/* Quantiles of a sketch, compared with those of the sorted values. */
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#include "sketch.h"

#define VALUES 20000u

static double values[VALUES];
static size_t budget;

/* xorshift: the same values in every run. */
static uint64_t next_random(void)
{
	static uint64_t state = 88172645463325252u;

	state ^= state << 13;
	state ^= state >> 7;
	return state ^= state << 17;
}

static double uniform(void)
{
	return (double)(next_random() >> 11) / 9007199254740992.0;
}

static int by_value(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Adds values in chunks, as a file has them. */
static void add_chunks(struct sketch *sketch, const double *from, size_t cnt)
{
	budget = 8u << 20;
	for (size_t at = 0; at < cnt;) {
		size_t len = cnt - at < 777 ? cnt - at : 777;

		assert_int_equal(sketch__add(sketch, &budget, from + at, len), 0);
		at += len;
	}
}

/* The bucket holds the exact quantile, and is no wider than promised. */
static void check_quantiles(const char *what, size_t cnt)
{
	struct sketch sketch = { .cnt = 0 };
	uint64_t seen = 0;
	struct sketch_bucket bucket;
	size_t at = 0;

	add_chunks(&sketch, values, cnt);
	assert_int_equal(sketch.cnt, cnt);
	qsort(values, cnt, sizeof(values[0]), by_value);
	for (unsigned percent = 0; percent <= 100; percent++) {
		uint64_t rank = sketch__rank(sketch.cnt, percent);
		double exact, from, to, middle;

		/* nearest rank, with integers only */
		assert_true(rank * 100 >= cnt * percent &&
			    (rank - 1) * 100 + 100 <= cnt * percent + 100);
		if (!rank)
			continue;
		exact = values[rank - 1];
		bucket = sketch__ranked(&sketch, rank);
		from = fabs(bucket.from);
		to = fabs(bucket.to);
		if (!(fabs(exact) >= from && (fabs(exact) < to || exact == 0)))
			fail_msg("%s p%u: %g is not in %g to %g", what, percent, exact, bucket.from,
				 bucket.to);
		middle = from + (to - from) / 2;
		assert_true(exact == 0 || fabs(middle - fabs(exact)) <= SKETCH_ERROR * fabs(exact));
		assert_true(exact == 0 || signbit(exact) == signbit(bucket.from));
	}
	while (sketch__next(&sketch, &at, &bucket))
		seen += bucket.cnt;
	assert_int_equal(seen, cnt);
	sketch__fini(&sketch);
}

static void test_sketch_quantiles_of_distributions(void **state)
{
	(void)state;
	for (size_t i = 0; i < VALUES; i++)
		values[i] = uniform() * 1e6;
	check_quantiles("uniform", VALUES);
	for (size_t i = 0; i < VALUES; i++)
		values[i] = -log(1 - uniform()) * 0.003;
	check_quantiles("exponential", VALUES);
	for (size_t i = 0; i < VALUES; i++)
		values[i] = exp(20 * (uniform() + uniform() + uniform() - 1.5));
	check_quantiles("over many magnitudes", VALUES);
	for (size_t i = 0; i < VALUES; i++)
		values[i] = (uniform() - 0.5) * 100;
	check_quantiles("of both signs", VALUES);
	for (size_t i = 0; i < VALUES; i++)
		values[i] = i % 3 ? 0 : (double)(next_random() % 1000);
	check_quantiles("mostly zero", VALUES);
	for (size_t i = 0; i < VALUES; i++)
		values[i] = -1 - (double)(next_random() % 70000);
	check_quantiles("negative", VALUES);
	for (size_t i = 0; i < VALUES; i++)
		values[i] = i % 2 ? 1 : 1e9;
	check_quantiles("two", VALUES);
	for (size_t cnt = 1; cnt < 12; cnt++) {
		for (size_t i = 0; i < cnt; i++)
			values[i] = (double)(i * i);
		check_quantiles("few", cnt);
	}
}

static void test_sketch_extremes(void **state)
{
	static const double EXTREMES[] = { -DBL_MAX, -1,     -DBL_MIN, -0.0,   0,
					   DBL_MIN,  0x1p63, 0x1p64,   DBL_MAX };
	const size_t cnt = sizeof(EXTREMES) / sizeof(EXTREMES[0]);
	struct sketch sketch = { .cnt = 0 };
	struct sketch_bucket bucket;
	size_t at = 0, i = 0;

	(void)state;
	add_chunks(&sketch, EXTREMES, cnt);
	/* both zeros of each side are one value, in two buckets at most */
	for (uint64_t rank = 1; rank <= cnt; rank++) {
		double v = EXTREMES[rank - 1];

		bucket = sketch__ranked(&sketch, rank);
		assert_true(fabs(v) >= fabs(bucket.from) && (v == 0 || fabs(v) < fabs(bucket.to)));
	}
	while (sketch__next(&sketch, &at, &bucket))
		i += bucket.cnt;
	assert_int_equal(i, cnt);
	sketch__fini(&sketch);
}

static void test_sketch_same_value_many_times(void **state)
{
	struct sketch sketch = { .cnt = 0 };
	struct sketch_bucket bucket;

	(void)state;
	budget = 1u << 20;
	assert_int_equal(sketch__add_times(&sketch, &budget, 42, UINT64_C(1) << 40), 0);
	assert_int_equal(sketch__add_times(&sketch, &budget, -7.5, 1), 0);
	assert_int_equal(sketch__add_times(&sketch, &budget, 0, 1), 0);
	assert_int_equal(sketch.cnt, (UINT64_C(1) << 40) + 2);
	bucket = sketch__ranked(&sketch, 1);
	assert_true(bucket.from >= -7.5 && bucket.to < -7.5);
	bucket = sketch__ranked(&sketch, 2);
	assert_true(bucket.from == 0 && bucket.to == 0);
	bucket = sketch__ranked(&sketch, 3);
	assert_true(bucket.from <= 42 && bucket.to > 42);
	sketch__fini(&sketch);
}

/* Counters of 16 bits become wider before one of them is full, of both signs at once. */
static void test_sketch_counts_beyond_16_bits(void **state)
{
	struct sketch sketch = { .cnt = 0 };
	struct sketch_bucket bucket;
	size_t at = 0;

	(void)state;
	budget = 1u << 20;
	for (size_t i = 0; i < VALUES; i++)
		values[i] = i % 8 == 0 ? -3 : i % 8 == 1 ? 0 : 5;
	for (unsigned i = 0; i < 5; i++)
		assert_int_equal(sketch__add(&sketch, &budget, values, VALUES), 0);
	assert_int_equal(sketch__add_times(&sketch, &budget, 5, UINT16_MAX), 0);
	assert_true(sketch__next(&sketch, &at, &bucket) && bucket.from == -3);
	assert_int_equal(bucket.cnt, 5 * VALUES / 8);
	assert_true(sketch__next(&sketch, &at, &bucket) && bucket.from == 0);
	assert_int_equal(bucket.cnt, 5 * VALUES / 8);
	assert_true(sketch__next(&sketch, &at, &bucket) && bucket.from == 5);
	assert_int_equal(bucket.cnt, 5 * VALUES / 8 * 6 + UINT16_MAX);
	assert_false(sketch__next(&sketch, &at, &bucket));
	sketch__fini(&sketch);
	/* no memory for wider counters: the old ones stay */
	budget = 2 * 64;
	assert_int_equal(sketch__add_times(&sketch, &budget, 5, UINT16_MAX), 0);
	assert_int_equal(sketch__add_times(&sketch, &budget, -5, 0), 0);
	assert_true(sketch__add_times(&sketch, &budget, 5, 1) < 0);
	assert_int_equal(budget, 0);
	assert_int_equal(sketch.cnt, UINT16_MAX);
	assert_int_equal(sketch__ranked(&sketch, 1).cnt, UINT16_MAX);
	sketch__fini(&sketch);
}

static void test_sketch_stays_within_its_budget(void **state)
{
	const double wide[] = { DBL_MIN, DBL_MAX }, narrow[] = { 1, 1000 };
	struct sketch sketch = { .cnt = 0 };

	(void)state;
	budget = 64u << 10;
	assert_int_equal(sketch__add(&sketch, &budget, narrow, 2), 0);
	assert_true(sketch__add(&sketch, &budget, wide, 2) < 0);
	assert_int_equal(sketch.cnt, 2);
	assert_true(sketch__ranked(&sketch, 2).to > 1000);
	assert_true(budget <= 64u << 10);
	sketch__fini(&sketch);
	budget = 8u << 20;
	assert_int_equal(sketch__add(&sketch, &budget, wide, 2), 0);
	assert_true((8u << 20) - budget <= (1u << 20) + (64u << 10));
	sketch__fini(&sketch);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sketch_quantiles_of_distributions),
		cmocka_unit_test(test_sketch_extremes),
		cmocka_unit_test(test_sketch_same_value_many_times),
		cmocka_unit_test(test_sketch_counts_beyond_16_bits),
		cmocka_unit_test(test_sketch_stays_within_its_budget),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
