/* SPDX-License-Identifier: MIT */
/*
 * --delay and --min-gap, at times that the test chooses.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "schedule.h"

static void test_schedule_is_due_at_once(void **state)
{
	const struct schedule_rules rules = { 0 };
	struct schedule schedule = { 0 };

	(void)state;
	assert_false(schedule__is_due(&schedule, UINT64_MAX));
	for (uint64_t now_ns = 100; now_ns < 103; now_ns++) {
		assert_int_equal(schedule__ask(&schedule, &rules, now_ns), SCHEDULE_ACCEPTED);
		assert_true(schedule__is_due(&schedule, now_ns));
		schedule.due_ns = 0;
	}
}

static void test_schedule_waits_for_the_delay(void **state)
{
	const struct schedule_rules rules = { .delay_ns = 50 };
	struct schedule schedule = { 0 };

	(void)state;
	assert_int_equal(schedule__ask(&schedule, &rules, 100), SCHEDULE_ACCEPTED);
	assert_int_equal(schedule__ask(&schedule, &rules, 140), SCHEDULE_PENDING);
	/* the second one does not put it off */
	assert_false(schedule__is_due(&schedule, 149));
	assert_true(schedule__is_due(&schedule, 150));
	schedule.due_ns = 0;
	assert_int_equal(schedule__ask(&schedule, &rules, 151), SCHEDULE_ACCEPTED);
	assert_int_equal(schedule.due_ns, 201);
}

static void test_schedule_keeps_the_gap(void **state)
{
	const struct schedule_rules rules = { .min_gap_ns = 1000 };
	struct schedule schedule = { 0 };

	(void)state;
	assert_int_equal(schedule__ask(&schedule, &rules, 5), SCHEDULE_ACCEPTED);
	schedule.due_ns = 0;
	assert_int_equal(schedule__ask(&schedule, &rules, 6), SCHEDULE_SUPPRESSED);
	assert_int_equal(schedule__ask(&schedule, &rules, 1004), SCHEDULE_SUPPRESSED);
	/* what is suppressed does not begin another gap */
	assert_int_equal(schedule__ask(&schedule, &rules, 1005), SCHEDULE_ACCEPTED);
}

/* The gap is between snapshots, not between their triggers. */
static void test_schedule_counts_the_gap_from_the_snapshot(void **state)
{
	struct schedule_rules rules = { .delay_ns = 300, .min_gap_ns = 1000 };
	struct schedule schedule = { 0 };

	(void)state;
	assert_int_equal(schedule__ask(&schedule, &rules, 100), SCHEDULE_ACCEPTED);
	assert_int_equal(schedule.due_ns, 400);
	/* a request while it waits would be too close to it */
	assert_true(schedule__is_early(&schedule, &rules, 200));
	schedule.due_ns = 0;
	assert_int_equal(schedule__ask(&schedule, &rules, 1099), SCHEDULE_SUPPRESSED);
	assert_int_equal(schedule__ask(&schedule, &rules, 1100), SCHEDULE_ACCEPTED);
	/* a reload without a gap */
	schedule.due_ns = 0;
	rules.min_gap_ns = 0;
	assert_int_equal(schedule__ask(&schedule, &rules, 1101), SCHEDULE_ACCEPTED);
}

static void test_schedule_takes_the_longest_times(void **state)
{
	const struct schedule_rules rules = { .delay_ns = UINT64_MAX, .min_gap_ns = UINT64_MAX };
	struct schedule schedule = { 0 };

	(void)state;
	assert_false(schedule__is_early(&schedule, &rules, 0));
	assert_int_equal(schedule__ask(&schedule, &rules, 7), SCHEDULE_ACCEPTED);
	assert_int_equal(schedule.due_ns, UINT64_MAX);
	assert_false(schedule__is_due(&schedule, UINT64_MAX - 1));
	assert_true(schedule__is_early(&schedule, &rules, UINT64_MAX - 1));
}

static void test_schedule_frees_its_cause(void **state)
{
	struct schedule schedule = { .cause = { .on = strdup("fill>9%"), .bytes = 1 } };

	(void)state;
	schedule__fini(&schedule);
	assert_null(schedule.cause.on);
	assert_int_equal(schedule.cause.bytes, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_schedule_is_due_at_once),
		cmocka_unit_test(test_schedule_waits_for_the_delay),
		cmocka_unit_test(test_schedule_keeps_the_gap),
		cmocka_unit_test(test_schedule_counts_the_gap_from_the_snapshot),
		cmocka_unit_test(test_schedule_takes_the_longest_times),
		cmocka_unit_test(test_schedule_frees_its_cause),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
