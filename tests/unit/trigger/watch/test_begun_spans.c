/* SPDX-License-Identifier: MIT */
/*
 * Spans that have begun: ended one by one, with their outer one, with their thread.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "begun_spans.h"

static void begin(struct begun_spans *spans, uint32_t tid, uint64_t ticks)
{
	const struct begun_span span = { .tid = tid, .begin_ticks = ticks };

	begun_spans__add(spans, &span);
}

/* The sum of the ticks at which the open ones began. */
static uint64_t sum_of(struct begun_spans *spans)
{
	const struct begun_span *span;
	uint64_t sum = 0;
	uint32_t at = 0, cnt = 0;

	while ((span = begun_spans__next(spans, &at))) {
		sum += span->begin_ticks;
		cnt++;
	}
	assert_int_equal(cnt, spans->used_cnt);
	return sum;
}

static void test_begun_spans_end(void **state)
{
	struct begun_spans spans = { 0 };

	(void)state;
	assert_int_equal(begun_spans__end(&spans, 7, 1), 0);
	begin(&spans, 7, 1);
	begin(&spans, 8, 10);
	begin(&spans, 7, 100);
	assert_int_equal(sum_of(&spans), 111);
	(void)begun_spans__end(&spans, 7, 100);
	assert_int_equal(sum_of(&spans), 11);
	/* of another thread, and unknown ones */
	(void)begun_spans__end(&spans, 9, 10);
	(void)begun_spans__end(&spans, 8, 11);
	assert_int_equal(sum_of(&spans), 11);
	(void)begun_spans__end(&spans, 8, 10);
	(void)begun_spans__end(&spans, 7, 1);
	assert_int_equal(sum_of(&spans), 0);
	begun_spans__fini(&spans);
}

/* The ends of inner ones were lost; those of other threads in the same list stay. */
static void test_begun_spans_end_with_the_outer_one(void **state)
{
	struct begun_spans spans = { 0 };

	(void)state;
	begin(&spans, 7, 1);
	begin(&spans, 7, 10);
	begin(&spans, 7 + BEGUN_SPANS_LISTS, 100);
	begin(&spans, 7, 1000);
	(void)begun_spans__end(&spans, 7, 10);
	assert_int_equal(sum_of(&spans), 101);
	begun_spans__end_thread(&spans, 7 + BEGUN_SPANS_LISTS);
	assert_int_equal(sum_of(&spans), 1);
	begun_spans__clear(&spans);
	assert_int_equal(sum_of(&spans), 0);
	begin(&spans, 7, 5);
	assert_int_equal(sum_of(&spans), 5);
	begun_spans__fini(&spans);
}

static void test_begun_spans_know_what_fired(void **state)
{
	struct begun_spans spans = { 0 };
	struct begun_span *span;
	uint32_t at = 0;

	(void)state;
	begin(&spans, 7, 1);
	span = begun_spans__next(&spans, &at);
	assert_non_null(span);
	span->fired = 5;
	assert_int_equal(begun_spans__end(&spans, 7, 1), 5);
	/* its place is used again, without that */
	begin(&spans, 7, 2);
	assert_int_equal(begun_spans__end(&spans, 7, 2), 0);
	begun_spans__fini(&spans);
}

/* A program that begins spans without end takes so much memory and no more. */
static void test_begun_spans_are_bounded(void **state)
{
	struct begun_spans spans = { 0 };

	(void)state;
	for (uint32_t i = 0; i < 3 * BEGUN_SPANS_MAX; i++)
		begin(&spans, i, 1);
	assert_int_equal(sum_of(&spans), BEGUN_SPANS_MAX);
	for (uint32_t i = 0; i < BEGUN_SPANS_MAX; i++)
		begun_spans__end_thread(&spans, i);
	assert_int_equal(sum_of(&spans), 0);
	begin(&spans, 1, 77);
	assert_int_equal(sum_of(&spans), 77);
	begun_spans__fini(&spans);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_begun_spans_end),
		cmocka_unit_test(test_begun_spans_end_with_the_outer_one),
		cmocka_unit_test(test_begun_spans_know_what_fired),
		cmocka_unit_test(test_begun_spans_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
