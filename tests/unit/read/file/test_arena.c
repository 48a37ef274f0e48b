/* SPDX-License-Identifier: MIT */
/* Allocations do not overlap, take little more than was asked for, and no more than the limit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "arena.h"

#define LARGE_BYTES (348u << 10)
#define COLUMNS     8u
#define SMALL_BYTES 64u
/* The room for all small allocations together, and for the blocks' own heads. */
#define REST_BYTES  (300u << 10)

/* Small allocations between large ones do not take a block each time. */
static void test_arena_small_between_large(void **state)
{
	struct arena arena = { .blocks = NULL };

	(void)state;
	for (unsigned i = 0; i < COLUMNS; i++) {
		assert_non_null(arena__alloc(&arena, 1, SMALL_BYTES));
		assert_non_null(arena__alloc(&arena, 1, LARGE_BYTES));
	}
	assert_in_range(arena.held_bytes, (size_t)COLUMNS * LARGE_BYTES,
			(size_t)COLUMNS * LARGE_BYTES + REST_BYTES);
	arena__fini(&arena);
}

/* No two allocations overlap, in any order of sizes. */
static void test_arena_apart(void **state)
{
	static const size_t SIZES[] = { LARGE_BYTES, 8, 0, LARGE_BYTES, 200u << 10, 100u << 10, 1 };
	enum {
		CNT = sizeof(SIZES) / sizeof(SIZES[0])
	};
	unsigned char *parts[CNT];
	struct arena arena = { .blocks = NULL };

	(void)state;
	for (unsigned round = 0; round < 3; round++) {
		for (unsigned i = 0; i < CNT; i++) {
			parts[i] = arena__alloc(&arena, SIZES[i], 1);
			assert_non_null(parts[i]);
			memset(parts[i], (int)(i + 1), SIZES[i]);
		}
		for (unsigned i = 0; i < CNT; i++) {
			for (size_t k = 0; k < SIZES[i]; k++)
				assert_int_equal(parts[i][k], i + 1);
		}
		arena__reset(&arena);
	}
	arena__fini(&arena);
}

/* An arena that is hardly used takes little memory. If each round uses the same amount, no new
 * memory is taken. */
static void test_arena_grows(void **state)
{
	struct arena arena = { .blocks = NULL };
	size_t held = 0;

	(void)state;
	assert_non_null(arena__alloc(&arena, 1, SMALL_BYTES));
	assert_in_range(arena.held_bytes, SMALL_BYTES, 8u << 10);
	for (unsigned round = 0; round < 16; round++) {
		arena__reset(&arena);
		for (unsigned i = 0; i < 200; i++)
			assert_non_null(arena__alloc(&arena, 16, SMALL_BYTES));
		assert_in_range(arena.held_bytes, 200 * 16 * SMALL_BYTES,
				REST_BYTES + (256u << 10));
		if (round == 14)
			held = arena.held_bytes;
	}
	assert_in_range(held, 1, 256u << 10);
	assert_int_equal(arena.held_bytes, held);
	arena__fini(&arena);
}

/* The arena holds no more than the limit, and reports that it was reached. */
static void test_arena_limit(void **state)
{
	struct arena arena = { .max_bytes = 2 * LARGE_BYTES };

	(void)state;
	assert_non_null(arena__alloc(&arena, 1, LARGE_BYTES));
	assert_non_null(arena__alloc(&arena, 1, LARGE_BYTES));
	assert_false(arena.is_full);
	assert_null(arena__alloc(&arena, 1, 8));
	assert_true(arena.is_full);
	assert_int_equal(arena.held_bytes, 2 * LARGE_BYTES);
	arena__fini(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_arena_small_between_large),
		cmocka_unit_test(test_arena_apart),
		cmocka_unit_test(test_arena_grows),
		cmocka_unit_test(test_arena_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
