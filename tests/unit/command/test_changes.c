/* SPDX-License-Identifier: MIT */
/* What ttlog-ctl has changed: what takes whose place, what comes back when. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include <errno.h>

#include "answer.h"
#include "changes.h"
#include "site.h"
#include "site_choice.h"
#include "site_filter.h"

static const struct selector all = { .service = "", .target = "" };
static const struct selector api = { .service = "api", .target = "" };
static const struct site debug = {
	.level = TTLOG_LEVEL_DEBUG, .target = "net", .name = "a", .file = "a.c"
};

static struct site_filter *levels_of(const char *text)
{
	struct site_filter *filter = site_filter__new();
	char error[256];

	assert_int_equal(site_filter__set_levels(filter, text, error, sizeof(error)), 0);
	return filter;
}

static void add(struct changes *changes, const struct selector *selector, const char *levels,
		uint64_t for_ns, uint64_t now_ns)
{
	char error[256] = "";

	if (changes__add(changes, selector, levels, for_ns, now_ns, error, sizeof(error)))
		fail_msg("%s: %s", levels, error);
}

static bool is_on(const struct changes *changes)
{
	struct site_choice *choice = changes__choice(changes);
	bool on;

	assert_non_null(choice);
	on = site_choice__matches(choice, &debug);
	site_choice__unref(choice);
	return on;
}

static void test_changes_come_back_by_themselves(void **state)
{
	struct changes changes = { .base = levels_of("info") };

	(void)state;
	assert_false(is_on(&changes));
	assert_int_equal(changes__due_ns(&changes), 0);
	add(&changes, &all, "debug", 100, 1000);
	assert_true(is_on(&changes));
	assert_int_equal(changes__due_ns(&changes), 1100);
	assert_false(changes__expire(&changes, 1099));
	assert_true(changes__expire(&changes, 1100));
	assert_false(is_on(&changes));
	assert_int_equal(changes.cnt, 0);
	changes__fini(&changes);
}

static void test_changes_for_a_time_cover_those_that_stay(void **state)
{
	struct changes changes = { .base = levels_of("info") };

	(void)state;
	add(&changes, &all, "warn", 100, 1000);
	/* whichever came first */
	add(&changes, &all, "debug", 0, 1000);
	assert_false(is_on(&changes));
	assert_true(changes__expire(&changes, 2000));
	assert_true(is_on(&changes));
	/* a new one of a kind takes the place of the old one */
	add(&changes, &all, "info", 0, 2000);
	assert_int_equal(changes.cnt, 1);
	assert_false(is_on(&changes));
	add(&changes, &all, "trace", 100, 2000);
	add(&changes, &all, "trace", 300, 2000);
	assert_int_equal(changes.cnt, 2);
	assert_int_equal(changes__due_ns(&changes), 2300);
	add(&changes, &all, "default", 0, 2000);
	assert_int_equal(changes.cnt, 0);
	changes__fini(&changes);
}

static void test_changes_by_selector(void **state)
{
	struct changes changes = { .base = levels_of("info") };
	const struct selector pid = { .pid = 7, .service = "", .target = "" };

	(void)state;
	add(&changes, &api, "debug", 0, 1000);
	add(&changes, &pid, "debug", UINT64_MAX, 1000);
	assert_int_equal(changes.cnt, 2);
	assert_int_equal(changes__due_ns(&changes), UINT64_MAX);
	add(&changes, &all, "default", 0, 1000);
	assert_int_equal(changes.cnt, 2);
	add(&changes, &api, "Default", 0, 1000);
	assert_int_equal(changes.cnt, 1);
	assert_int_equal(changes.items[0].pid, 7);
	changes__fini(&changes);
}

static void test_changes_refuse_what_makes_no_sense(void **state)
{
	struct changes changes = { .base = levels_of("info") };
	static const char rules[] = "target=x\0bogus";
	char error[256] = "", target[16];

	(void)state;
	add(&changes, &all, "debug", 0, 1);
	assert_int_equal(changes__add(&changes, &all, "bogus", 0, 1, error, sizeof(error)),
			 -EINVAL);
	assert_true(error[0]);
	/* it holds as before */
	assert_true(is_on(&changes));
	error[0] = '\0';
	assert_int_equal(changes__set_rules(&changes, rules, sizeof(rules), error, sizeof(error)),
			 -EINVAL);
	assert_true(error[0]);
	assert_null(changes.rules);
	for (int i = 1; i < CHANGES_MAX; i++) {
		const struct selector one = { .service = "", .target = target };

		(void)snprintf(target, sizeof(target), "t%d", i);
		add(&changes, &one, "debug", 0, 1);
	}
	assert_int_equal(changes__add(&changes, &api, "debug", 0, 1, error, sizeof(error)),
			 -ENOSPC);
	/* in the place of an old one there is room */
	add(&changes, &all, "info", 0, 1);
	assert_int_equal(changes.cnt, CHANGES_MAX);
	changes__fini(&changes);
}

static void test_changes_after_a_reload(void **state)
{
	struct changes changes = { .base = levels_of("info") };
	static const char rules[] = "target=x";
	char error[256];

	(void)state;
	add(&changes, &all, "error", 0, 1);
	add(&changes, &api, "debug", 100, 1);
	assert_int_equal(changes__set_rules(&changes, rules, sizeof(rules), error, sizeof(error)),
			 0);
	assert_false(is_on(&changes));
	changes__rebase(&changes, NULL);
	assert_int_equal(changes.cnt, 1);
	assert_string_equal(changes.items[0].service, "api");
	assert_null(changes.rules);
	assert_false(is_on(&changes));
	changes__rebase(&changes, levels_of("trace"));
	assert_true(is_on(&changes));
	changes__fini(&changes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_changes_come_back_by_themselves),
		cmocka_unit_test(test_changes_for_a_time_cover_those_that_stay),
		cmocka_unit_test(test_changes_by_selector),
		cmocka_unit_test(test_changes_refuse_what_makes_no_sense),
		cmocka_unit_test(test_changes_after_a_reload),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
