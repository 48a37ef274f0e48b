/* SPDX-License-Identifier: MIT */
/* What changes from one answer to the next, and the order of processes; numbers for people. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "print.h"
#include "rates.h"

/* At so many ms: process 1 with these counts, and process 2, which does nothing. */
static void look(struct rates *rates, uint64_t ms, unsigned int emitted, unsigned int lost)
{
	char text[1024];
	json_t *answer;

	(void)snprintf(
		text, sizeof(text),
		"{\"mono_ns\":%llu,\"collector\":{\"pid\":9,\"cpu_ns\":%llu},\"processes\":["
		"{\"pid\":2,\"start_ns\":5,\"emitted\":3,\"ring_bytes\":100,\"ring_used_bytes\":50},"
		"{\"pid\":1,\"start_ns\":5,\"service\":\"a\",\"emitted\":%u,\"flushes\":%u,"
		"\"lost\":{\"total\":%u}}]}",
		(unsigned long long)ms * 1000000, (unsigned long long)ms * 250000, emitted,
		emitted / 10, lost);
	answer = json_loads(text, 0, NULL);
	assert_non_null(answer);
	rates__begin(rates);
	assert_int_equal(rates__add(rates, answer), 0);
	rates__end(rates, RATES_BY_EVENTS);
	json_decref(answer);
}

static void test_rates_are_by_the_collectors_clock(void **state)
{
	struct rates rates = { 0 };

	(void)state;
	look(&rates, 1000, 500, 0);
	assert_int_equal(rates.cnt, 2);
	assert_true(rates.rows[0].events_s == 0);
	look(&rates, 1500, 1500, 10);
	assert_int_equal(rates.rows[0].pid, 1);
	assert_true(rates.rows[0].events_s == 2000);
	assert_true(rates.rows[0].lost_s == 20);
	assert_true(rates.rows[0].traps_s == 200);
	assert_true(rates.rows[1].events_s == 0);
	assert_true(rates.totals.events_s == 2000);
	assert_true(rates.totals.cpu > 0.24 && rates.totals.cpu < 0.26);
	/* nothing is negative, whatever a collector says */
	look(&rates, 1600, 0, 0);
	assert_true(rates.rows[0].events_s == 0);
	rates__fini(&rates);
}

static void test_rates_sort(void **state)
{
	static const unsigned int first[RATES_SORT_CNT] = {
		[RATES_BY_EVENTS] = 1, [RATES_BY_LOST] = 1, [RATES_BY_FILL] = 2,
		[RATES_BY_TRAPS] = 1,  [RATES_BY_PID] = 1,  [RATES_BY_SERVICE] = 2,
	};
	struct rates rates = { 0 };

	(void)state;
	look(&rates, 1000, 500, 0);
	look(&rates, 2000, 600, 1);
	for (int i = 0; i < RATES_SORT_CNT; i++) {
		rates__sort(&rates, (enum rates_sort)i);
		assert_int_equal(rates.rows[0].pid, first[i]);
	}
	rates__fini(&rates);
}

static void test_print_numbers(void **state)
{
	static const struct {
		double value;
		const char *text;
	} values[] = {
		{ 0, "0" },         { 999, "999" },  { 1000, "1.0k" },
		{ 9940, "9.9k" },   { 9960, "10k" }, { 999499, "999k" },
		{ 999500, "1.0M" }, { 12e6, "12M" }, { 1e30, "1000000000000E" },
	};
	char text[PRINT_SHORT_BYTES];

	(void)state;
	for (size_t i = 0; i < sizeof(values) / sizeof(*values); i++)
		assert_string_equal(print__short(text, values[i].value), values[i].text);
	assert_string_equal(print__age(text, 999000000), "999ms");
	assert_string_equal(print__age(text, 1500000000), "1.5s");
	assert_string_equal(print__age(text, 7200000000000), "2h");
	assert_int_equal(print__percent(1, 3), 33);
	assert_int_equal(print__percent(1, 0), 0);
}

static void test_print_text_has_nothing_that_a_terminal_obeys(void **state)
{
	json_t *object = json_pack("{s:s}", "comm",
				   "a\x1b[2Jb\xc2\x9b"
				   "c\x7f\u00e9");

	(void)state;
	assert_non_null(object);
	assert_string_equal(print__text(object, "comm"), "a?[2Jb??c?\u00e9");
	assert_string_equal(print__text(object, "other"), "");
	assert_int_equal(print__u64(object, "comm"), 0);
	json_decref(object);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rates_are_by_the_collectors_clock),
		cmocka_unit_test(test_rates_sort),
		cmocka_unit_test(test_print_numbers),
		cmocka_unit_test(test_print_text_has_nothing_that_a_terminal_obeys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
