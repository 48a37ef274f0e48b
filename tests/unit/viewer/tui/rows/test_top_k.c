/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "top_k.h"

static void test_top_k_drops_rows(void **state)
{
	static const uint64_t LEFT[] = { 9 - 3, 8 - 3, 7 - 3, 3, 2, 1, 0 };
	struct top_k top = { .cnt = 0 };

	(void)state;
	for (uint64_t i = 0; i < 10; i++)
		assert_int_equal(top_k__add(&top, 100 - i, i), 0);
	top_k__finish(&top);
	top_k__drop(&top, 4, 3);
	assert_int_equal(top.total, 7);
	assert_int_equal(top.cnt, 7);
	for (size_t i = 0; i < 7; i++)
		assert_int_equal(top.entries[i].row, LEFT[i]);
	top_k__drop(&top, 6, 1000);
	assert_int_equal(top.total, 6);
	assert_int_equal(top.entries[0].row, 5);
	top_k__fini(&top);
}

static void test_top_k_keeps_the_first(void **state)
{
	struct top_k top = { .cnt = 0 };
	const uint64_t total = 3ull * TOP_K_KEPT + 17;

	(void)state;
	/* every key from 0 to total - 1, shuffled: 7919 is prime to total */
	for (uint64_t i = 0; i < total; i++)
		assert_int_equal(top_k__add(&top, i * 7919 % total, i), 0);
	top_k__finish(&top);
	assert_true(top_k__is_cut(&top));
	assert_int_equal(top.cnt, TOP_K_KEPT);
	for (size_t i = 0; i < top.cnt; i++) {
		assert_int_equal(top.entries[i].key, i);
		assert_int_equal(top.entries[i].row * 7919 % total, i);
	}
	assert_int_equal(top_k__find(&top, top.entries[5].row), 5);
	assert_int_equal(top_k__find(&top, total), top.cnt);
	top_k__fini(&top);
}

static void test_top_k_order_of_equals_is_by_row(void **state)
{
	struct top_k top = { .cnt = 0 };

	(void)state;
	for (uint64_t i = 0; i < 2ull * TOP_K_KEPT + 1; i++)
		assert_int_equal(top_k__add(&top, 7, i), 0);
	top_k__finish(&top);
	for (size_t i = 0; i < top.cnt; i++)
		assert_int_equal(top.entries[i].row, i);
	top_k__fini(&top);
}

/* Musser's series: the median of the first, the middle and the last key is always the second
 * smallest. With that median as pivot, selecting took hours. */
static void test_top_k_selects_from_bad_series(void **state)
{
	const uint64_t half = TOP_K_KEPT;
	struct top_k top = { .cnt = 0 };

	(void)state;
	for (uint64_t i = 1; i <= half; i++)
		assert_int_equal(top_k__add(&top, i % 2 ? i : half + i - 1, i), 0);
	for (uint64_t i = 1; i <= half; i++)
		assert_int_equal(top_k__add(&top, 2 * i, half + i), 0);
	assert_int_equal(top_k__add(&top, 0, 0), 0);
	top_k__finish(&top);
	assert_int_equal(top.cnt, TOP_K_KEPT);
	for (size_t i = 0; i < top.cnt; i++)
		assert_int_equal(top.entries[i].key, i);
	top_k__fini(&top);
}

static void test_top_k_keys(void **state)
{
	static const double REALS[] = { -1e300, -2, -1, -0.5, 0, 1e-300, 1, 1.5, 3e18 };
	static const char *const TEXTS[] = { "", "a", "aa", "ab", "b", "\xc3\xa9" };

	(void)state;
	for (size_t i = 1; i < sizeof(REALS) / sizeof(REALS[0]); i++)
		assert_true(top_k__key_of_double(REALS[i - 1]) < top_k__key_of_double(REALS[i]));
	for (size_t i = 1; i < sizeof(TEXTS) / sizeof(TEXTS[0]); i++)
		assert_true(top_k__key_of_text(TEXTS[i - 1], strlen(TEXTS[i - 1])) <
			    top_k__key_of_text(TEXTS[i], strlen(TEXTS[i])));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_top_k_drops_rows),
		cmocka_unit_test(test_top_k_keeps_the_first),
		cmocka_unit_test(test_top_k_order_of_equals_is_by_row),
		cmocka_unit_test(test_top_k_selects_from_bad_series),
		cmocka_unit_test(test_top_k_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
