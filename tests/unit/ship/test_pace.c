/* SPDX-License-Identifier: MIT */
/* How long a shipper waits: after failures, and between chunks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "backoff.h"
#include "rate.h"

#define SECOND_NS UINT64_C(1000000000)

static void test_backoff_doubles_up_to_a_minute(void **state)
{
	struct backoff least = { 0 }, most = { 0 };
	uint64_t want_ns = BACKOFF_FIRST_NS;

	(void)state;
	for (int i = 0; i < 100; i++) {
		assert_int_equal(backoff__next_ns(&least, 0), want_ns / 2);
		assert_int_equal(backoff__next_ns(&most, UINT32_MAX), want_ns / 2 + want_ns / 2);
		want_ns = want_ns * 2 < BACKOFF_MOST_NS ? want_ns * 2 : BACKOFF_MOST_NS;
	}
	least.failures = 0;
	assert_int_equal(backoff__next_ns(&least, 0), BACKOFF_FIRST_NS / 2);
}

static void test_rate_is_kept(void **state)
{
	struct rate rate = { .bytes_s = 1000 };
	uint64_t now_ns = 100 * SECOND_NS;

	(void)state;
	/* what a second has may go at once */
	assert_true(rate__take(&rate, 1000, now_ns) <= now_ns);
	assert_int_equal(rate__take(&rate, 500, now_ns), now_ns + SECOND_NS / 2);
	assert_int_equal(rate__take(&rate, 10000, now_ns), now_ns + 10 * SECOND_NS + SECOND_NS / 2);
	/* a pause of a minute gives no more than that */
	now_ns += 60 * SECOND_NS;
	assert_int_equal(rate__take(&rate, 2000, now_ns), now_ns + SECOND_NS);
}

static void test_rate_of_none(void **state)
{
	struct rate rate = { 0 };

	(void)state;
	assert_int_equal(rate__take(&rate, UINT64_MAX, 7), 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_backoff_doubles_up_to_a_minute),
		cmocka_unit_test(test_rate_is_kept),
		cmocka_unit_test(test_rate_of_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
