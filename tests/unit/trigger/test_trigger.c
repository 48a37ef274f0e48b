/* SPDX-License-Identifier: MIT */
/*
 * Reasons: built-in ones belong to the collector.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "trigger.h"

static void assert_user(const char *text, const char *reason)
{
	char got[TRIGGER_REASON_BYTES];

	trigger_reason__of_user(text, got);
	assert_string_equal(got, reason);
}

static void test_trigger_reasons_of_users_are_kept(void **state)
{
	(void)state;
	assert_user("before restart", "before restart");
	assert_user("crashed", "crashed");
	assert_user("Crash", "Crash");
	assert_user("user-crash", "user-crash");
	assert_user("", "request");
}

static void test_trigger_built_in_reasons_are_reserved(void **state)
{
	(void)state;
	assert_user("crash", "user-crash");
	assert_user("killed", "user-killed");
	assert_user("exit", "user-exit");
	assert_user("timer", "user-timer");
	assert_user("request", "user-request");
	assert_user("fill", "user-fill");
	assert_user("event", "user-event");
	assert_user("slow", "user-slow");
	assert_user("shutdown", "user-shutdown");
	assert_user("recovered", "user-recovered");
}

static void test_trigger_long_reasons_are_cut(void **state)
{
	char longest[TRIGGER_REASON_BYTES + 10] = { 0 }, got[TRIGGER_REASON_BYTES];

	(void)state;
	memset(longest, 'x', sizeof(longest) - 1);
	trigger_reason__of_user(longest, got);
	assert_int_equal(strlen(got), TRIGGER_REASON_BYTES - 1);
	assert_memory_equal(got, longest, TRIGGER_REASON_BYTES - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_trigger_reasons_of_users_are_kept),
		cmocka_unit_test(test_trigger_built_in_reasons_are_reserved),
		cmocka_unit_test(test_trigger_long_reasons_are_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
