/* SPDX-License-Identifier: MIT */
/* What ttlog-ship lets others ask, and how often. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "array.h"
#include "ask_request.h"
#include "pace.h"
#include "ship_allow.h"

#define BIT(command) (1u << (command))

static void test_ship_allow(void **state)
{
	static const struct {
		const char *text;
		unsigned int allowed;
	} lists[] = {
		{ SHIP_ALLOW_DEFAULT, BIT(ASK_STATUS) | BIT(ASK_LIST) },
		{ "none", 0 },
		{ "trigger", BIT(ASK_TRIGGER) },
		{ "level,status,level", BIT(ASK_LEVEL) | BIT(ASK_STATUS) },
	};
	struct fleet_error error;
	unsigned int allowed;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
		assert_int_equal(ship_allow__parse(&allowed, lists[i].text, &error), 0);
		assert_int_equal(allowed, lists[i].allowed);
	}
}

static void test_ship_allow_of_another_form(void **state)
{
	static const char *const lists[] = { "",          ",",        "status,",
					     ",list",     "filter",   "reload",
					     "all",       "Status",   "status list",
					     "none,list", "list,none" };
	struct fleet_error error;
	unsigned int allowed = 77;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
		assert_int_equal(ship_allow__parse(&allowed, lists[i], &error), -EINVAL);
		assert_non_null(strstr(error.text, "is not status, list, trigger or level"));
		assert_int_equal(allowed, 77);
	}
}

static unsigned int take_all(struct pace *pace, uint64_t now_ns)
{
	unsigned int cnt = 0;

	while (pace__take(pace, now_ns, 100, 5))
		cnt++;
	return cnt;
}

static void test_pace_bounds_bursts_and_the_rate(void **state)
{
	struct pace pace = { 0 };

	(void)state;
	assert_int_equal(take_all(&pace, 1000000), 5);
	assert_int_equal(take_all(&pace, 1000000), 0);
	assert_int_equal(take_all(&pace, 1000099), 0);
	assert_int_equal(take_all(&pace, 1000100), 1);
	assert_int_equal(take_all(&pace, 1000350), 2);
	assert_int_equal(take_all(&pace, 9000000), 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ship_allow),
		cmocka_unit_test(test_ship_allow_of_another_form),
		cmocka_unit_test(test_pace_bounds_bursts_and_the_rate),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
