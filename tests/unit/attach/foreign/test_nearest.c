/* SPDX-License-Identifier: MIT */
/*
 * nearest.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "array.h"
#include "nearest.h"

static void check(const char *wrong, const char *const *names, const char *expected)
{
	struct nearest nearest = nearest__to(wrong);
	char text[512];

	for (; *names; names++)
		nearest__offer(&nearest, *names);
	assert_string_equal(nearest__print(&nearest, text, sizeof(text)), expected);
}

#define NAMES(...) ((const char *const[]){ __VA_ARGS__, NULL })

static void test_nearest_knows_slips_of_the_hand(void **state)
{
	(void)state;
	check("query_start", NAMES("query__start", "query__done", "lock__wait__start"),
	      "'query__start'");
	check("QUERY__START", NAMES("query__start"), "'query__start'");
	check("qurey__start", NAMES("query__start"), "'query__start'");
	check("trow", NAMES("catch", "throw", "rethrow"), "'throw'");
	check("ab", NAMES("ba", "cd"), "'ba'");
	check("main", NAMES("main", "main"), "'main'");
}

static void test_nearest_knows_parts(void **state)
{
	(void)state;
	check("malloc", NAMES("__libc_malloc", "free"), "'__libc_malloc'");
	check("the_query__start", NAMES("query__start"), "'query__start'");
	check("ab", NAMES("xxabxx"), "");
	/* much further than the nearest */
	check("malloc", NAMES("__libc_malloc", "calloc", "free"), "'calloc'");
}

static void test_nearest_keeps_the_best(void **state)
{
	(void)state;
	check("abcdefgh", NAMES("abcdefxx", "abcdexxx", "abcdefgx", "abcdefgi", "abcdefgh"),
	      "'abcdefgh', 'abcdefgx' or 'abcdefgi'");
}

static void test_nearest_knows_no_name_that_is_far(void **state)
{
	static char text[1000];

	(void)state;
	memset(text, 'a', sizeof(text) - 1);
	check("abc", NAMES("xyz", "", text), "");
	check(text, NAMES("aaaaa", text), "");
	check("", NAMES("a"), "");
}

/* What has no room is cut, and ends with a zero. */
static void test_nearest_prints_what_there_is_room_for(void **state)
{
	struct nearest nearest = nearest__to("abcdefgh");
	char text[8];

	(void)state;
	nearest__offer(&nearest, "abcdefgh");
	nearest__offer(&nearest, "abcdefgi");
	assert_string_equal(nearest__print(&nearest, text, sizeof(text)), "'abcdef");
	assert_int_equal(nearest.offered_cnt, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nearest_knows_slips_of_the_hand),
		cmocka_unit_test(test_nearest_knows_parts),
		cmocka_unit_test(test_nearest_keeps_the_best),
		cmocka_unit_test(test_nearest_knows_no_name_that_is_far),
		cmocka_unit_test(test_nearest_prints_what_there_is_room_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
