/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "file_cache.h"

static struct find_file file_of(uint64_t inode)
{
	return (struct find_file){ .inode = inode, .ctime_ns = 7, .bytes = 100, .dev = 3 };
}

static void put(struct file_cache *cache, uint64_t inode, enum find_state state)
{
	const struct find_file file = file_of(inode);
	struct file_known *known = file_cache__get(cache, &file);

	assert_non_null(known);
	known->state = state;
}

static enum find_state state_of(struct file_cache *cache, uint64_t inode)
{
	const struct find_file file = file_of(inode);
	const struct file_known *known = file_cache__find(cache, &file);

	return known ? known->state : FIND_NEW;
}

static void test_file_cache_knows_what_was_put(void **state)
{
	struct file_cache cache = { 0 };
	struct find_file changed = file_of(5);

	(void)state;
	put(&cache, 5, FIND_KNOWN);
	put(&cache, 6, FIND_EACH);
	assert_int_equal(state_of(&cache, 5), FIND_KNOWN);
	assert_int_equal(state_of(&cache, 6), FIND_EACH);
	assert_int_equal(state_of(&cache, 7), FIND_NEW);
	changed.ctime_ns++;
	assert_null(file_cache__find(&cache, &changed));
	changed = file_of(5);
	changed.bytes++;
	assert_null(file_cache__find(&cache, &changed));
	put(&cache, 5, FIND_EACH);
	assert_int_equal(state_of(&cache, 5), FIND_EACH);
	file_cache__fini(&cache);
}

/* Files come and go for years: memory is bounded, and what is in use is not forgotten. */
static void test_file_cache_forgets_what_is_not_used(void **state)
{
	struct file_cache cache = { 0 };

	(void)state;
	put(&cache, 1, FIND_KNOWN);
	put(&cache, 2, FIND_KNOWN);
	for (uint64_t inode = 10; inode < 10 * FILE_CACHE_GENERATION; inode++) {
		put(&cache, inode, FIND_KNOWN);
		assert_int_equal(state_of(&cache, 1), FIND_KNOWN);
		assert_in_range(cache.young.cnt, 1, FILE_CACHE_GENERATION);
		assert_in_range(cache.old.cnt, 0, FILE_CACHE_GENERATION);
	}
	assert_int_equal(state_of(&cache, 2), FIND_NEW);
	file_cache__fini(&cache);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_file_cache_knows_what_was_put),
		cmocka_unit_test(test_file_cache_forgets_what_is_not_used),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
