/* SPDX-License-Identifier: MIT */
/* Growing arrays, the heap and the hash table, compared with simple versions. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "array.h"
#include "hash.h"
#include "hash_table.h"
#include "heap.h"

#define CNT 10000u

struct wanted {
	const uint64_t *keys;
	uint64_t key;
};

static bool is_wanted(const void *of, uint32_t number)
{
	const struct wanted *wanted = of;

	return wanted->keys[number] == wanted->key;
}

/* `bits`: of the hash; with few bits most keys collide. */
static void check(unsigned bits)
{
	struct hash_table table = { .cap = 0 };
	uint64_t *keys = NULL;
	size_t cap = 0;

	for (uint32_t i = 0; i < CNT / (bits < 32 ? 8 : 1); i++) {
		const uint64_t hash = hash__mix(1, i) >> (64 - bits);
		const struct wanted wanted = { keys, i };

		assert_int_equal(hash_table__find(&table, hash, is_wanted, &wanted),
				 HASH_TABLE_NONE);
		assert_int_equal(array__reserve(keys, i + 1, &cap), 0);
		keys[i] = i;
		assert_int_equal(hash_table__add(&table, hash, i), 0);
	}
	for (uint32_t i = 0; i < table.cnt; i++) {
		const struct wanted wanted = { keys, i };

		assert_int_equal(hash_table__find(&table, hash__mix(1, i) >> (64 - bits), is_wanted,
						  &wanted),
				 i);
	}
	hash_table__fini(&table);
	free(keys);
}

static void test_hash_table_finds_what_was_added(void **state)
{
	(void)state;
	check(64);
	check(4);
}

static void test_array_without_memory(void **state)
{
	uint64_t *items = NULL, *before;
	size_t cap = 0;

	(void)state;
	assert_int_equal(array__reserve(items, 0, &cap), 0);
	assert_null(items);
	assert_int_equal(array__reserve(items, 3, &cap), 0);
	assert_true(cap >= 3);
	before = items;
	assert_int_equal(array__reserve(items, SIZE_MAX / 4, &cap), -ENOMEM);
	assert_int_equal(array__reserve(items, SIZE_MAX, &cap), -ENOMEM);
	assert_ptr_equal(items, before);
	free(items);
}

static void test_heap_gives_all_in_order(void **state)
{
	struct heap_source heap[CNT], last = { 0, 0 };
	size_t cnt = CNT;

	(void)state;
	for (uint32_t i = 0; i < CNT; i++)
		heap[i] = (struct heap_source){ hash__mix(2, i) & 0xfff, i };
	heap__make(heap, cnt);
	while (cnt) {
		assert_false(heap__is_before(heap[0], last));
		last = heap[0];
		heap[0] = heap[--cnt];
		if (cnt)
			heap__sift_down(heap, cnt, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hash_table_finds_what_was_added),
		cmocka_unit_test(test_array_without_memory),
		cmocka_unit_test(test_heap_gives_all_in_order),
	};

	return cmocka_run_group_tests_name("hash_table", tests, NULL, NULL);
}
