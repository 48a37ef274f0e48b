/* SPDX-License-Identifier: MIT */
/*
 * A ring fills, and snapshots are made.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "fill_watch.h"

#define RING 1000u

static bool take(struct fill_watch *watch, uint64_t mark, uint64_t written)
{
	const uint64_t bytes = fill_watch__take(watch, mark, written);

	if (!fill_watch__is_due(watch, bytes, RING, 90))
		return false;
	watch->has_fired = true;
	return true;
}

static void test_fill_watch_fires_once(void **state)
{
	struct fill_watch watch = { 0 };

	(void)state;
	assert_false(take(&watch, 0, 0));
	assert_false(take(&watch, 0, 899));
	assert_true(take(&watch, 0, 900));
	assert_false(take(&watch, 0, 901));
	assert_false(take(&watch, 0, 100000));
}

static void test_fill_watch_is_armed_by_a_snapshot(void **state)
{
	struct fill_watch watch = { 0 };

	(void)state;
	assert_true(take(&watch, 0, 950));
	/* the snapshot has 960 bytes */
	assert_false(take(&watch, 960, 1500));
	assert_true(take(&watch, 960, 1860));
	/* one by request, in between */
	assert_false(take(&watch, 2000, 2800));
	assert_false(take(&watch, 2700, 3000));
	assert_true(take(&watch, 2700, 3600));
}

/* Then the same bytes would fail at once again. */
static void test_fill_watch_after_a_failure(void **state)
{
	struct fill_watch watch = { 0 };

	(void)state;
	assert_true(take(&watch, 0, 900));
	assert_false(take(&watch, UINT64_MAX, 1000));
	assert_false(take(&watch, UINT64_MAX, 1899));
	assert_true(take(&watch, UINT64_MAX, 1900));
	assert_false(take(&watch, 1950, 2000));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fill_watch_fires_once),
		cmocka_unit_test(test_fill_watch_is_armed_by_a_snapshot),
		cmocka_unit_test(test_fill_watch_after_a_failure),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
