/* SPDX-License-Identifier: MIT */
/*
 * What --on says: lists, and what is no list.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "trigger_plan.h"

#define DEFAULT_ON (TRIGGER_ON_CRASH | TRIGGER_ON_KILLED | TRIGGER_ON_REQUEST)

static struct trigger_plan *plan_of(const char *first, const char *second)
{
	struct trigger_plan *plan = trigger_plan__new();
	char why[640];

	assert_non_null(plan);
	if (first)
		assert_int_equal(trigger_plan__add(plan, first, why, sizeof(why)), 0);
	if (second)
		assert_int_equal(trigger_plan__add(plan, second, why, sizeof(why)), 0);
	return plan;
}

static void assert_on(const char *first, const char *second, unsigned on)
{
	struct trigger_plan *plan = plan_of(first, second);

	assert_int_equal(plan->on, on);
	trigger_plan__free(plan);
}

static void test_trigger_plan_lists(void **state)
{
	(void)state;
	assert_on(NULL, NULL, DEFAULT_ON);
	/* the first one replaces the default */
	assert_on("exit", NULL, TRIGGER_ON_EXIT);
	assert_on("request,exit", NULL, TRIGGER_ON_EXIT | TRIGGER_ON_REQUEST);
	/* others add to it */
	assert_on("exit", "crash", TRIGGER_ON_EXIT | TRIGGER_ON_CRASH);
	assert_on("killed,killed", "killed", TRIGGER_ON_KILLED);
}

static void assert_refused(const char *text)
{
	struct trigger_plan *plan = trigger_plan__new();
	char why[640];

	assert_non_null(plan);
	assert_int_equal(trigger_plan__add(plan, text, why, sizeof(why)), -EINVAL);
	/* nothing of it counts */
	assert_int_equal(plan->on, DEFAULT_ON);
	assert_false(plan->has_list);
	trigger_plan__free(plan);
}

static void test_trigger_plan_refuses_what_is_no_list(void **state)
{
	(void)state;
	assert_refused("");
	assert_refused(",");
	assert_refused("crash,");
	assert_refused("crash,,exit");
	assert_refused("cras");
	assert_refused("crashes");
	assert_refused("crash exit");
	assert_refused("timer");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_trigger_plan_lists),
		cmocka_unit_test(test_trigger_plan_refuses_what_is_no_list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
