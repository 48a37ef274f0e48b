/* SPDX-License-Identifier: MIT */
/* A memo of groups gives right answers, for any keys. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "group_memo.h"

/* The memo never looks into it. */
static char sites[4], threads[4], groups[4];

static struct group_memo_key key_of(unsigned site, uint64_t a, uint64_t b)
{
	return (struct group_memo_key){
		.site = (const struct ttlog_site *)(const void *)&sites[site],
		.thread = (const struct ttlog_thread *)(const void *)&threads[site],
		.numbers = { a, b },
	};
}

static struct group *group_of(uint64_t number)
{
	return (struct group *)(void *)&groups[number % 4];
}

static void test_group_memo_knows_what_was_added(void **state)
{
	struct group_memo memo = { .cap = 0 };
	struct group_memo_key key = key_of(0, 0, 0);

	(void)state;
	assert_null(group_memo__find(&memo, &key));
	/* a key that is not found is added, again and again */
	for (uint64_t i = 0; i < 60000; i++) {
		key = key_of(i % 20000 % 3, i % 20000 / 3, 0);
		if (!group_memo__find(&memo, &key))
			group_memo__add(&memo, &key, group_of(i % 20000));
	}
	for (uint64_t i = 0; i < 20000; i++) {
		struct group *found;

		key = key_of(i % 3, i / 3, 0);
		found = group_memo__find(&memo, &key);
		assert_true(!found || found == group_of(i));
		key = key_of(i % 3, i / 3, 1);
		assert_null(group_memo__find(&memo, &key));
	}
	/* it must keep nearly all of them to be useful */
	assert_true(memo.cnt > 19500);
	assert_false(memo.is_useless);
	group_memo__fini(&memo);
}

/* The memory is limited, and the memo reports that it is useless if it finds nothing for long. */
static void test_group_memo_of_too_many(void **state)
{
	struct group_memo memo = { .cap = 0 };
	uint64_t i = 0;

	(void)state;
	for (; !memo.is_useless && i < 10000000; i++) {
		struct group_memo_key key = key_of(0, i << 40, i);

		group_memo__add(&memo, &key, group_of(i));
	}
	assert_true(memo.is_useless);
	assert_true(memo.cap <= 1u << 17 && memo.cnt <= memo.cap);
	for (i = 0; i < 100000; i++) {
		struct group_memo_key key = key_of(0, i << 40, i);
		struct group *found = group_memo__find(&memo, &key);

		assert_true(!found || found == group_of(i));
	}
	group_memo__fini(&memo);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_group_memo_knows_what_was_added),
		cmocka_unit_test(test_group_memo_of_too_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
