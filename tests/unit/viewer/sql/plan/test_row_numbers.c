/* SPDX-License-Identifier: MIT */
/* Numbers of every shape by row, with and without rows that have none; and their memory. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "hash.h"
#include "row_numbers.h"

#define CNT (20 * ROW_NUMBERS_BLOCK)

static uint64_t counted(uint64_t i)
{
	return i * 3 + 7;
}

static uint64_t counted_down_from_the_top(uint64_t i)
{
	return ~i;
}

static uint64_t through_zero(uint64_t i)
{
	return i * 1000 - 500000;
}

static uint64_t the_same(uint64_t i)
{
	(void)i;
	return 42;
}

/* A difference of 255 does not fit into a byte that also needs a value for "none". */
static uint64_t bytes(uint64_t i)
{
	return hash__mix(0, i) & 0xff;
}

static uint64_t near_a_line(uint64_t i)
{
	return i * 1000 + hash__mix(0, i) % 100;
}

static uint64_t ints(uint64_t i)
{
	return (uint64_t)(int64_t)(int32_t)hash__mix(0, i);
}

static uint64_t noise(uint64_t i)
{
	return hash__mix(0, i);
}

static uint64_t extremes(uint64_t i)
{
	static const uint64_t VALUES[] = { 0, UINT64_MAX, INT64_MAX, (uint64_t)INT64_MIN, 1 };

	return VALUES[i % 5];
}

static const struct shape {
	const char *name;
	uint64_t (*number)(uint64_t i);
	size_t max_bytes; /* per row, if all rows have one */
} SHAPES[] = {
	{ "counted", counted, 0 },
	{ "counted_down_from_the_top", counted_down_from_the_top, 0 },
	{ "through_zero", through_zero, 0 },
	{ "the_same", the_same, 0 },
	{ "bytes", bytes, 2 },
	{ "near_a_line", near_a_line, 1 },
	{ "ints", ints, 5 },
	{ "noise", noise, 8 },
	{ "extremes", extremes, 8 },
};

enum gaps {
	NO_GAP,
	EACH_THIRD_MISSES,
	ONE_OF_300_IS_THERE,
	NONE_IS_THERE,
	GAPS_CNT,
};

static bool is_there(enum gaps gaps, uint64_t i)
{
	return gaps == NO_GAP || (gaps == EACH_THIRD_MISSES && i % 3 != 1) ||
	       (gaps == ONE_OF_300_IS_THERE && i % 300 == 17);
}

static void check_shape(const struct shape *shape, uint32_t cnt, enum gaps gaps)
{
	/* An allocation of the exact size: a sanitizer notices a read after its end. */
	uint64_t *numbers = calloc(cnt + 1, sizeof(*numbers));
	uint8_t *has = calloc(cnt / 8 + 1, 1);
	struct row_numbers rows;
	uint32_t left_out = 0;

	assert_non_null(numbers);
	assert_non_null(has);
	for (uint32_t i = 0; i < cnt; i++) {
		numbers[i] = is_there(gaps, i) ? shape->number(i) : 0;
		has[i / 8] |= (uint8_t)(is_there(gaps, i) << i % 8);
	}
	assert_int_equal(row_numbers__init(&rows, numbers, has, cnt), 0);
	assert_true(rows.bytes <= row_numbers__max_bytes(cnt));
	if (cnt == CNT && gaps == NO_GAP)
		assert_in_range(rows.bytes, 0, (shape->max_bytes + 1) * cnt);
	for (uint32_t i = 0; i < cnt; i++) {
		uint64_t found = 0;

		if (row_numbers__get(&rows, i, &found)) {
			assert_true(is_there(gaps, i));
			assert_int_equal(found, shape->number(i));
		} else if (is_there(gaps, i)) {
			left_out++;
		}
	}
	/* Eight bytes have no value to spare for "none". */
	if (shape->max_bytes < 8 && left_out)
		fail_msg("%s: %u left out", shape->name, left_out);
	assert_in_range(left_out, 0, cnt / 4);
	row_numbers__fini(&rows);
	free(numbers);
	free(has);
}

static void test_row_numbers_shapes(void **state)
{
	(void)state;
	for (size_t s = 0; s < sizeof(SHAPES) / sizeof(SHAPES[0]); s++) {
		for (enum gaps gaps = NO_GAP; gaps < GAPS_CNT; gaps++) {
			check_shape(&SHAPES[s], CNT, gaps);
			check_shape(&SHAPES[s], CNT - 1, gaps);
			for (uint32_t cnt = 0; cnt < ROW_NUMBERS_BLOCK + 20; cnt += 9)
				check_shape(&SHAPES[s], cnt, gaps);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_row_numbers_shapes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
