/* SPDX-License-Identifier: MIT */
/* select.c: which sites filters take, and what it says to those that are none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "select.h"
#include "site.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

static const struct site info = { .level = TTLOG_LEVEL_INFO,
				  .target = "net.http",
				  .name = "trade_executed",
				  .file = "src/net/http.c" };
static const struct site fatal = {
	.level = TTLOG_LEVEL_FATAL, .target = "disk", .name = "lost", .file = "disk.c"
};
static const struct site trace = {
	.level = TTLOG_LEVEL_TRACE, .target = "", .name = "", .file = ""
};

enum {
	INFO = 1,
	FATAL = 2,
	TRACE = 4,
	ALL = 7,
};

static unsigned int taken(const struct selection *selection)
{
	return (selection__matches(selection, &info) ? INFO : 0) |
	       (selection__matches(selection, &fatal) ? FATAL : 0) |
	       (selection__matches(selection, &trace) ? TRACE : 0);
}

static void test_select_takes_all_at_first(void **state)
{
	struct selection *selection = selection__new();

	(void)state;
	assert_non_null(selection);
	assert_int_equal(taken(selection), ALL);
	selection__free(selection);
	selection__free(NULL);
}

static void test_select_by_level(void **state)
{
	struct selection *selection = selection__new();

	(void)state;
	selection__set_level(selection, TTLOG_LEVEL_INFO);
	assert_int_equal(taken(selection), INFO | FATAL);
	selection__set_level(selection, TTLOG_LEVEL_WARN);
	assert_int_equal(taken(selection), FATAL);
	selection__free(selection);
}

static void test_select_by_one_filter(void **state)
{
	static const struct {
		const char *expression;
		unsigned int taken;
	} cases[] = {
		{ "target=net.http", INFO },
		{ "target=net.*", INFO },
		{ "target=net", 0 },
		{ "target=*", ALL },
		{ "target=[dx]isk", FATAL },
		{ "target=Net.http", 0 },
		{ "probe=trade_*", INFO },
		{ "probe=?o*", FATAL },
		{ "file=http.c", INFO },
		{ "file=src/net/http.c", INFO },
		{ "file=src/*", INFO },
		{ "file=net/http.c", 0 },
		{ "file=*.c", INFO | FATAL },
		{ "level=info", INFO },
		{ "level!=info", FATAL | TRACE },
		{ "level>info", FATAL },
		{ "level>=INFO", INFO | FATAL },
		{ "level<info", TRACE },
		{ "level<=info", INFO | TRACE },
		{ "level<trace", 0 },
		{ "level>fatal", 0 },
		{ "level>=trace", ALL },
		{ "target=<x", 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct selection *selection = selection__new();
		char error[256] = "";

		assert_int_equal(
			selection__add_filter(selection, cases[i].expression, error, sizeof(error)),
			0);
		if (taken(selection) != cases[i].taken)
			fail_msg("%s takes %u", cases[i].expression, taken(selection));
		assert_string_equal(error, "");
		selection__free(selection);
	}
}

static void test_select_wants_all_filters_and_the_level(void **state)
{
	struct selection *selection = selection__new();
	char error[256];

	(void)state;
	assert_int_equal(selection__add_filter(selection, "file=*.c", error, sizeof(error)), 0);
	assert_int_equal(taken(selection), INFO | FATAL);
	assert_int_equal(selection__add_filter(selection, "level<fatal", error, sizeof(error)), 0);
	assert_int_equal(taken(selection), INFO);
	selection__set_level(selection, TTLOG_LEVEL_WARN);
	assert_int_equal(taken(selection), 0);
	selection__free(selection);
}

static void test_select_says_what_is_wrong(void **state)
{
	static const struct {
		const char *expression, *named;
	} cases[] = {
		{ "", "no operator" },         { "target", "no operator" },
		{ "levl>=warn", "\"levl\"" },  { "=x", "no key" },
		{ "level>=loud", "\"loud\"" }, { "level~warn", "\"~\"" },
		{ "level<>warn", "\"<>\"" },   { "level==warn", "\"=warn\"" },
		{ "target!=x", "\"!=\"" },     { "file>x", "\">\"" },
		{ "probe=", "nothing after" }, { "level>=", "nothing after" },
		{ "Target=x", "\"Target\"" },
	};
	struct selection *selection = selection__new();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char error[256] = "", small[8];

		assert_int_equal(
			selection__add_filter(selection, cases[i].expression, error, sizeof(error)),
			-EINVAL);
		if (!strstr(error, cases[i].named))
			fail_msg("%s: %s", cases[i].expression, error);
		assert_int_equal(
			selection__add_filter(selection, cases[i].expression, small, sizeof(small)),
			-EINVAL);
		assert_true(strlen(small) < sizeof(small));
	}
	/* none of them was taken */
	assert_int_equal(taken(selection), ALL);
	selection__free(selection);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_select_takes_all_at_first),
		cmocka_unit_test(test_select_by_level),
		cmocka_unit_test(test_select_by_one_filter),
		cmocka_unit_test(test_select_wants_all_filters_and_the_level),
		cmocka_unit_test(test_select_says_what_is_wrong),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
