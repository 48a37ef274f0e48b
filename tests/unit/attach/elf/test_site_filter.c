/* SPDX-License-Identifier: MIT */
/* site_filter.c: which sites match a filter, and what is reported for a malformed one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "array.h"
#include "site_filter.h"
#include "site.h"

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

static unsigned int taken(const struct site_filter *filter)
{
	return (site_filter__matches(filter, &info) ? INFO : 0) |
	       (site_filter__matches(filter, &fatal) ? FATAL : 0) |
	       (site_filter__matches(filter, &trace) ? TRACE : 0);
}

static void set_levels(struct site_filter *filter, const char *levels)
{
	char error[256] = "";

	if (site_filter__set_levels(filter, levels, error, sizeof(error)))
		fail_msg("%s: %s", levels, error);
}

static void test_site_filter_takes_all_at_first(void **state)
{
	struct site_filter *filter = site_filter__new();

	(void)state;
	assert_non_null(filter);
	assert_int_equal(taken(filter), ALL);
	site_filter__free(filter);
	site_filter__free(NULL);
}

static void test_site_filter_by_level(void **state)
{
	struct site_filter *filter = site_filter__new();

	(void)state;
	set_levels(filter, "info");
	assert_int_equal(taken(filter), INFO | FATAL);
	set_levels(filter, "warn");
	assert_int_equal(taken(filter), FATAL);
	site_filter__free(filter);
}

static void test_site_filter_by_levels_of_targets(void **state)
{
	static const struct {
		const char *levels;
		unsigned int taken;
	} cases[] = {
		{ "trace", ALL },
		{ "off", 0 },
		{ "OFF,disk=Fatal", FATAL },
		{ "info,net.*=debug,disk=off", INFO },
		{ "warn,net.*=debug,db=off", INFO | FATAL },
		/* without a level of its own, the rest stays as it is without -l */
		{ "disk=off", INFO | TRACE },
		{ "net.*=warn", FATAL | TRACE },
		{ "*=off", 0 },
		/* the longest pattern that matches counts; of two with one length the later one */
		{ "net.*=info,*=off", INFO },
		{ "net.http=off,net.*=info,n*=info,fatal", FATAL },
		{ "net.ht*=info,net.htt*=off,trace", FATAL | TRACE },
		{ "net.*=off,*http=off,???????p=info,off", INFO },
		{ "net.?ttp=off,net.http=trace,off", INFO },
		{ "net.http=trace,net.?ttp=off,off", 0 },
		{ "trace,off,info", INFO | FATAL },
		/* a pattern is for the whole target */
		{ "net=trace,off", 0 },
		{ "=trace,off", TRACE },
		{ "a=b=info,off", 0 },
		{ "[dx]isk=trace,off", FATAL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct site_filter *filter = site_filter__new();

		set_levels(filter, "off,net.http=off");
		set_levels(filter, cases[i].levels);
		if (taken(filter) != cases[i].taken)
			fail_msg("%s takes %u", cases[i].levels, taken(filter));
		site_filter__free(filter);
	}
}

static void test_site_filter_refuses_levels(void **state)
{
	static const struct {
		const char *levels, *named;
	} cases[] = {
		{ "", "'' is not one of trace" },
		{ "loud", "'loud' is not one of trace" },
		{ "info,", "'' is not one of trace" },
		{ ",info", "'' is not one of trace" },
		{ "info,,warn", "'' is not one of trace" },
		{ "info,net=loud,db=off", "'loud' (in 'net=loud') is not one of trace" },
		{ "net=", "'' (in 'net=') is not one of trace" },
		{ "net", "'net' is not one of trace" },
		{ "net=debug,db", "'db' is not one of trace" },
		{ " info", "' info' is not one of trace" },
	};
	struct site_filter *filter = site_filter__new();
	char error[256];

	(void)state;
	set_levels(filter, "info,disk=off");
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		error[0] = '\0';
		assert_int_equal(
			site_filter__set_levels(filter, cases[i].levels, error, sizeof(error)),
			-EINVAL);
		if (!strstr(error, cases[i].named))
			fail_msg("%s: %s", cases[i].levels, error);
		/* nothing has changed */
		assert_int_equal(taken(filter), INFO);
	}
	site_filter__free(filter);
}

static void test_site_filter_by_one_filter(void **state)
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
		struct site_filter *filter = site_filter__new();
		char error[256] = "";

		assert_int_equal(
			site_filter__add(filter, cases[i].expression, error, sizeof(error)), 0);
		if (taken(filter) != cases[i].taken)
			fail_msg("%s takes %u", cases[i].expression, taken(filter));
		assert_string_equal(error, "");
		site_filter__free(filter);
	}
}

static void test_site_filter_wants_all_filters_and_the_level(void **state)
{
	struct site_filter *filter = site_filter__new();
	char error[256];

	(void)state;
	assert_int_equal(site_filter__add(filter, "file=*.c", error, sizeof(error)), 0);
	assert_int_equal(taken(filter), INFO | FATAL);
	assert_int_equal(site_filter__add(filter, "level<fatal", error, sizeof(error)), 0);
	assert_int_equal(taken(filter), INFO);
	set_levels(filter, "warn");
	assert_int_equal(taken(filter), 0);
	site_filter__free(filter);
}

static void test_site_filter_says_what_is_wrong(void **state)
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
	struct site_filter *filter = site_filter__new();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char error[256] = "", small[8];

		assert_int_equal(
			site_filter__add(filter, cases[i].expression, error, sizeof(error)),
			-EINVAL);
		if (!strstr(error, cases[i].named))
			fail_msg("%s: %s", cases[i].expression, error);
		assert_int_equal(
			site_filter__add(filter, cases[i].expression, small, sizeof(small)),
			-EINVAL);
		assert_true(strlen(small) < sizeof(small));
	}
	/* no filter was added */
	assert_int_equal(taken(filter), ALL);
	site_filter__free(filter);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_site_filter_takes_all_at_first),
		cmocka_unit_test(test_site_filter_by_level),
		cmocka_unit_test(test_site_filter_by_levels_of_targets),
		cmocka_unit_test(test_site_filter_refuses_levels),
		cmocka_unit_test(test_site_filter_by_one_filter),
		cmocka_unit_test(test_site_filter_wants_all_filters_and_the_level),
		cmocka_unit_test(test_site_filter_says_what_is_wrong),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
