/* SPDX-License-Identifier: MIT */
/* Counts the values of columns, in every encoding; and limits. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "value_counts.h"

#define MANY (2 * VALUE_COUNTS_MAX)

static const uint32_t ROWS[] = { 0, 2, 3 };

static uint64_t count(const struct value_counts *counts, const char *value)
{
	return value_counts__of(counts, ttlog_text_of(value));
}

static void test_value_counts_dictionary(void **state)
{
	const struct ttlog_column_text texts[] = { { .text = { "buy", 3 } },
						   { .null = true },
						   { .text = { NULL, 0 } } };
	const uint64_t index[] = { 0, 0, 1, 2, 0 };
	const struct ttlog_column column = {
		.type = TTLOG_TYPE_STR,
		.texts = texts,
		.text_cnt = 3,
		.index = index,
		.index_mask = SIZE_MAX,
	};
	struct value_counts counts = { .cnt = 0 };
	size_t budget = 1 << 20;

	(void)state;
	value_counts__column(&counts, &budget, &column, NULL, 5);
	value_counts__column(&counts, &budget, &column, ROWS, 3);
	assert_int_equal(counts.cnt, 8);
	assert_int_equal(counts.null_cnt, 2);
	assert_int_equal(counts.different, 2);
	assert_int_equal(count(&counts, "buy"), 4);
	assert_int_equal(count(&counts, ""), 2);
	assert_int_equal(count(&counts, "sell"), 0);
	value_counts__fini(&counts);
}

static void test_value_counts_plain_const_and_bytes(void **state)
{
	const struct ttlog_column_text texts[] = { { .text = { "a", 1 } },
						   { .text = { "b", 1 } },
						   { .text = { "a", 1 } },
						   { .text = { "c", 1 } } };
	const uint64_t bools[] = { 1, 0, 1, 1 };
	struct ttlog_column column = {
		.type = TTLOG_TYPE_STR, .texts = texts, .text_cnt = 4, .mask = SIZE_MAX
	};
	struct value_counts counts = { .cnt = 0 };
	size_t budget = 1 << 20;

	(void)state;
	value_counts__column(&counts, &budget, &column, NULL, 4);
	value_counts__column(&counts, &budget, &column, ROWS, 3);
	column.mask = 0;
	value_counts__column(&counts, &budget, &column, NULL, 100);
	assert_int_equal(count(&counts, "a"), 104);
	assert_int_equal(count(&counts, "b"), 1);
	assert_int_equal(count(&counts, "c"), 2);
	value_counts__fini(&counts);

	column = (struct ttlog_column){ .type = TTLOG_TYPE_BOOL, .nums = bools, .mask = SIZE_MAX };
	value_counts__column(&counts, &budget, &column, NULL, 4);
	assert_int_equal(count(&counts, "true"), 3);
	assert_int_equal(count(&counts, "false"), 1);
	value_counts__fini(&counts);
}

static void fill(struct value_counts *counts, size_t *budget, unsigned different)
{
	for (unsigned i = 0; i < different; i++) {
		char text[16];
		struct ttlog_column_text value = { .text = { text, 0 } };
		const struct ttlog_column column = { .type = TTLOG_TYPE_STR,
						     .texts = &value,
						     .text_cnt = 1 };

		value.text.len = (size_t)snprintf(text, sizeof(text), "%u", i);
		value_counts__column(counts, budget, &column, NULL, 1);
	}
}

/* Too many values, as of ids, or no memory: only the number of events is known. */
static void test_value_counts_limits(void **state)
{
	struct value_counts counts = { .cnt = 0 };
	size_t budget = 1 << 20, little = 100;

	(void)state;
	fill(&counts, &budget, VALUE_COUNTS_MAX);
	assert_false(counts.too_many);
	assert_int_equal(count(&counts, "1023"), 1);
	assert_int_equal(count(&counts, "1024"), 0);
	fill(&counts, &budget, MANY);
	assert_true(counts.too_many);
	assert_int_equal(counts.cnt, VALUE_COUNTS_MAX + MANY);
	assert_int_equal(count(&counts, "1"), 0);
	value_counts__fini(&counts);
	fill(&counts, &little, 10);
	assert_true(counts.too_many);
	value_counts__fini(&counts);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_value_counts_dictionary),
		cmocka_unit_test(test_value_counts_plain_const_and_bytes),
		cmocka_unit_test(test_value_counts_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
