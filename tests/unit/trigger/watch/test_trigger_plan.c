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

static void test_trigger_plan_watches(void **state)
{
	struct trigger_plan *plan = plan_of("fill>90%", "slow:handle_*>1.5ms");
	char why[640];

	(void)state;
	assert_int_equal(trigger_plan__add(plan, "event:level>=ERROR", why, sizeof(why)), 0);
	assert_int_equal(trigger_plan__add(plan, "slow:a>b>2", why, sizeof(why)), 0);
	/* none replaces the default */
	assert_int_equal(plan->on, DEFAULT_ON);
	assert_int_equal(plan->watch_cnt, 4);
	assert_int_equal(plan->watches[0].kind, WATCH_FILL);
	assert_int_equal(plan->watches[0].percent, 90);
	assert_string_equal(plan->watches[0].text, "fill>90%");
	assert_int_equal(plan->watches[1].kind, WATCH_SLOW);
	assert_string_equal(plan->watches[1].probe, "handle_*");
	assert_int_equal(plan->watches[1].duration_ns, 1500000);
	assert_int_equal(plan->watches[2].kind, WATCH_EVENT);
	assert_non_null(plan->watches[2].filter);
	assert_string_equal(plan->watches[3].probe, "a>b");
	assert_int_equal(plan->watches[3].duration_ns, 2000000000);
	/* a list after them does */
	assert_int_equal(trigger_plan__add(plan, "exit", why, sizeof(why)), 0);
	assert_int_equal(plan->on, TRIGGER_ON_EXIT);
	assert_int_equal(plan->watch_cnt, 4);
	trigger_plan__free(plan);
}

static void assert_wrong(const char *text, const char *what)
{
	struct trigger_plan *plan = trigger_plan__new();
	char why[640];

	assert_non_null(plan);
	assert_int_equal(trigger_plan__add(plan, text, why, sizeof(why)), -EINVAL);
	if (!strstr(why, what))
		fail_msg("'%s': '%s' does not say '%s'", text, why, what);
	assert_int_equal(plan->watch_cnt, 0);
	trigger_plan__free(plan);
}

static void test_trigger_plan_says_where_a_watch_is_wrong(void **state)
{
	(void)state;
	assert_wrong("fill", "takes a percentage");
	assert_wrong("fill>90", "takes a percentage");
	assert_wrong("fill>0%", "from 1 to 100, at character 6");
	assert_wrong("fill>99999999999999999999%", "takes a percentage");
	assert_wrong("fill>101%", "from 1 to 100");
	assert_wrong("filled", "takes a percentage");
	assert_wrong("event:", "the expression is empty");
	assert_wrong("event:level>=ERR", "'ERR' is no level");
	assert_wrong("event:level>=ERR", "at character 8\n  level>=ERR\n         ^~~");
	assert_wrong("event:a=1 and", "at character");
	assert_wrong("event:msg~[", "regular expression");
	assert_wrong("slow:", "a probe and a duration");
	assert_wrong("slow:x", "a probe and a duration");
	assert_wrong("slow:>1s", "a probe and a duration");
	assert_wrong("slow:x>", "'' is not a duration");
	assert_wrong("slow:x>soon", "'soon' is not a duration such as 100ms, at character 8");
	assert_wrong("slow:x>99999999999999h", "out of range");
}

static void test_trigger_plan_is_bounded(void **state)
{
	struct trigger_plan *plan = trigger_plan__new();
	char why[640];

	(void)state;
	assert_non_null(plan);
	for (unsigned i = 0; i < TRIGGER_WATCHES_MAX; i++)
		assert_int_equal(trigger_plan__add(plan, "event:a=1", why, sizeof(why)), 0);
	assert_int_equal(trigger_plan__add(plan, "fill>1%", why, sizeof(why)), -EINVAL);
	assert_non_null(strstr(why, "no more than 32"));
	trigger_plan__free(plan);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_trigger_plan_lists),
		cmocka_unit_test(test_trigger_plan_refuses_what_is_no_list),
		cmocka_unit_test(test_trigger_plan_watches),
		cmocka_unit_test(test_trigger_plan_says_where_a_watch_is_wrong),
		cmocka_unit_test(test_trigger_plan_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
