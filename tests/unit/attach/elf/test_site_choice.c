/* SPDX-License-Identifier: MIT */
/* site_choice.c: what is on in all processes, and in some besides. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "site.h"
#include "site_choice.h"
#include "site_filter.h"

static const struct site net_debug = {
	.level = TTLOG_LEVEL_DEBUG, .target = "net.http", .name = "a", .file = "a.c"
};
static const struct site net_info = {
	.level = TTLOG_LEVEL_INFO, .target = "net.http", .name = "b", .file = "a.c"
};
static const struct site db_debug = {
	.level = TTLOG_LEVEL_DEBUG, .target = "db", .name = "c", .file = "b.c"
};

static struct site_filter *levels_of(const char *text)
{
	struct site_filter *filter = site_filter__new();
	char error[256];

	assert_non_null(filter);
	assert_int_equal(site_filter__set_levels(filter, text, error, sizeof(error)), 0);
	return filter;
}

static struct site_choice *choice_of(const char *levels, const char *rule)
{
	struct site_filter *base = levels_of(levels);
	struct site_choice *choice;
	char error[256];

	if (rule)
		assert_int_equal(site_filter__add(base, rule, error, sizeof(error)), 0);
	choice = site_choice__new(base, base);
	assert_non_null(choice);
	/* the choice keeps it */
	site_filter__free(base);
	return choice;
}

static void add(struct site_choice *choice, const char *levels, const char *target,
		const char *service, uint32_t pid)
{
	struct site_filter *filter = levels_of(levels);
	const struct site_change change = {
		.levels = filter, .target = target, .service = service, .pid = pid
	};

	assert_int_equal(site_choice__add(choice, &change), 0);
	site_filter__free(filter);
}

static void test_site_choice_is_what_the_configuration_says(void **state)
{
	struct site_choice *choice = choice_of("info", "target=net.*");

	(void)state;
	assert_true(site_choice__matches(choice, &net_info));
	assert_false(site_choice__matches(choice, &net_debug));
	assert_false(site_choice__matches(choice, &db_debug));
	assert_false(site_choice__has_processes(choice));
	assert_false(site_choice__adds(choice, NULL, &net_debug, 7, "api"));
	site_choice__unref(choice);
}

static void test_site_choice_takes_the_last_change(void **state)
{
	struct site_choice *choice = choice_of("info", NULL);

	(void)state;
	add(choice, "trace", "", "", 0);
	assert_true(site_choice__matches(choice, &net_debug));
	assert_true(site_choice__matches(choice, &db_debug));
	add(choice, "off", "net.*", "", 0);
	assert_false(site_choice__matches(choice, &net_info));
	assert_true(site_choice__matches(choice, &db_debug));
	add(choice, "info", "", "", 0);
	assert_true(site_choice__matches(choice, &net_info));
	assert_false(site_choice__matches(choice, &db_debug));
	site_choice__unref(choice);
}

static void test_site_choice_keeps_the_filters(void **state)
{
	struct site_choice *choice = choice_of("info", "target=db");

	(void)state;
	add(choice, "trace", "", "", 0);
	add(choice, "trace", "", "api", 0);
	assert_true(site_choice__matches(choice, &db_debug));
	assert_false(site_choice__matches(choice, &net_debug));
	assert_false(site_choice__adds(choice, NULL, &net_debug, 7, "api"));
	site_choice__unref(choice);
}

static void test_site_choice_adds_to_some_processes(void **state)
{
	struct site_choice *choice = choice_of("info", NULL);

	(void)state;
	add(choice, "debug", "net.*", "ap*", 0);
	add(choice, "off", "", "", 9);
	assert_true(site_choice__has_processes(choice));
	assert_true(site_choice__adds(choice, NULL, &net_debug, 7, "api"));
	/* what is on in all is not added, and nothing is switched off in one */
	assert_false(site_choice__adds(choice, NULL, &net_info, 7, "api"));
	assert_true(site_choice__matches(choice, &net_info));
	assert_false(site_choice__adds(choice, NULL, &db_debug, 7, "api"));
	assert_false(site_choice__adds(choice, NULL, &net_debug, 7, "web"));
	assert_false(site_choice__adds(choice, NULL, &net_debug, 7, NULL));
	assert_true(site_choice__takes_process(choice, 9, NULL));
	assert_false(site_choice__takes_process(choice, 8, "web"));
	add(choice, "debug", "", "*", 8);
	assert_true(site_choice__adds(choice, NULL, &db_debug, 8, NULL));
	assert_false(site_choice__adds(choice, NULL, &db_debug, 9, NULL));
	site_choice__unref(choice);
}

static void test_site_choice_has_a_number(void **state)
{
	struct site_choice *first = choice_of("info", NULL), *second = choice_of("info", NULL);

	(void)state;
	assert_true(site_choice__number(second) > site_choice__number(first));
	assert_ptr_equal(site_choice__ref(first), first);
	site_choice__unref(first);
	assert_true(site_choice__matches(first, &net_info));
	site_choice__unref(first);
	site_choice__unref(second);
}

/* Its base takes the place of that of all; changes count on top of it. */
static void test_site_choice_of_a_process_with_its_own_base(void **state)
{
	struct site_choice *choice = choice_of("info", NULL);
	struct site_filter *base = levels_of("off,db=debug");

	(void)state;
	assert_false(site_choice__matches_from(choice, base, &net_info));
	assert_true(site_choice__matches_from(choice, base, &db_debug));
	assert_true(site_choice__matches_from(choice, NULL, &net_info));
	/* what all have, this one has not */
	add(choice, "info", "", "api", 0);
	assert_true(site_choice__adds(choice, base, &net_info, 7, "api"));
	assert_false(site_choice__adds(choice, base, &net_debug, 7, "api"));
	assert_false(site_choice__adds(choice, base, &db_debug, 7, "api"));
	add(choice, "off", "db", "", 0);
	assert_false(site_choice__matches_from(choice, base, &db_debug));
	add(choice, "trace", "", "", 0);
	assert_true(site_choice__matches_from(choice, base, &net_debug));
	site_filter__free(base);
	site_choice__unref(choice);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_site_choice_is_what_the_configuration_says),
		cmocka_unit_test(test_site_choice_takes_the_last_change),
		cmocka_unit_test(test_site_choice_keeps_the_filters),
		cmocka_unit_test(test_site_choice_adds_to_some_processes),
		cmocka_unit_test(test_site_choice_of_a_process_with_its_own_base),
		cmocka_unit_test(test_site_choice_has_a_number),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
