/* SPDX-License-Identifier: MIT */
/* Decimals in SQL: which texts are numbers, their order, sums. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "sql_decimal.h"

static struct sql_decimal number(const char *text)
{
	struct sql_decimal ret;

	assert_int_equal(sql_decimal__parse(&ret, ttlog_text_of(text)), 0);
	return ret;
}

static void test_sql_decimal_parse(void **state)
{
	static const char *const NUMBERS[] = { "0",   "-0",   "1.",    ".5",   "+7",     "-150.250",
					       "1e5", "1E-5", "00.10", "1e+9", "0e-1000" };
	static const char *const OTHERS[] = { "",   "-",  ".",   "1e",   "e5",  "1.2.3",
					      "1 ", " 1", "0x1", "1e5x", "1e+", "--1" };
	struct sql_decimal ret;

	(void)state;
	for (size_t i = 0; i < sizeof(NUMBERS) / sizeof(NUMBERS[0]); i++)
		assert_int_equal(sql_decimal__parse(&ret, ttlog_text_of(NUMBERS[i])), 0);
	for (size_t i = 0; i < sizeof(OTHERS) / sizeof(OTHERS[0]); i++)
		assert_int_equal(sql_decimal__parse(&ret, ttlog_text_of(OTHERS[i])), -EINVAL);
	assert_int_equal(sql_decimal__parse(&ret, (struct ttlog_text){ NULL, 0 }), -EINVAL);
}

/* Each comes before the next one; words come after all numbers. */
static void test_sql_decimal_collate(void **state)
{
	static const char *const ORDER[] = { "-Infinity", "-1e10",    "-10",      "-9.99",
					     "-0.010",    "0",        "1e-5",     "0.0101",
					     "0.1",       "9",        "10",       "1e2",
					     "100.001",   "1e999999", "Infinity", "",
					     "1e",        "NaN",      "a",        "b" };
	static const char *const SAME[][2] = { { "1", "1.000" },   { "-0", "0e5" },
					       { "1e2", "100" },   { ".5", "0.50" },
					       { "12e-1", "1.2" }, { "-Inf", "-Infinity" } };
	const size_t cnt = sizeof(ORDER) / sizeof(ORDER[0]);

	(void)state;
	for (size_t i = 0; i < cnt; i++) {
		for (size_t k = 0; k < cnt; k++) {
			int order = sql_decimal__collate(ttlog_text_of(ORDER[i]),
							 ttlog_text_of(ORDER[k]));

			assert_int_equal((order > 0) - (order < 0), (i > k) - (i < k));
		}
	}
	for (size_t i = 0; i < sizeof(SAME) / sizeof(SAME[0]); i++)
		assert_int_equal(
			sql_decimal__collate(ttlog_text_of(SAME[i][0]), ttlog_text_of(SAME[i][1])),
			0);
}

static void assert_sum(const char *const *texts, size_t cnt, const char *expected)
{
	struct sql_decimal_sum sum = { .scale = 0 };
	char text[SQL_DECIMAL_SUM_BYTES + 1];
	int len;

	for (size_t i = 0; i < cnt; i++) {
		struct sql_decimal each = number(texts[i]);

		assert_int_equal(sql_decimal_sum__add(&sum, &each), 0);
	}
	len = sql_decimal_sum__format(&sum, text);
	assert_in_range(len, 1, SQL_DECIMAL_SUM_BYTES);
	text[len] = '\0';
	assert_string_equal(text, expected);
}

#define ASSERT_SUM(expected, ...)                                                                  \
	assert_sum((const char *const[]){ __VA_ARGS__ },                                           \
		   sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(const char *), expected)

static void test_sql_decimal_sum(void **state)
{
	(void)state;
	ASSERT_SUM("0", "0");
	ASSERT_SUM("0.3", "0.1", "0.2");
	ASSERT_SUM("0.00", "-1", "1.00");
	ASSERT_SUM("-0.25", "-0.5", "0.25");
	ASSERT_SUM("1000000000000000000", "999999999999999999", "1");
	ASSERT_SUM("-1000000000.000000001", "-1e9", "-1e-9");
	ASSERT_SUM("999999999", "1e9", "-1");
	ASSERT_SUM("10.00", "9.99", "0.01", "0e-2");
}

/* The greatest number of digits is accepted, and one more is not: for a zero, too. */
static void test_sql_decimal_sum_limits(void **state)
{
	static const char *const TOO_MUCH[] = { "1e-262", "1e54", "0e-262", "0e-1000", "1e1000" };
	static const char *const MOST[] = { "1e-261", "0e-261", "1e53", "-9e53", "0e1000" };

	(void)state;
	for (size_t i = 0; i < sizeof(TOO_MUCH) / sizeof(TOO_MUCH[0]); i++) {
		struct sql_decimal_sum sum = { .scale = 0 };
		struct sql_decimal each = number(TOO_MUCH[i]);

		assert_int_equal(sql_decimal_sum__add(&sum, &each), -ERANGE);
	}
	for (size_t i = 0; i < sizeof(MOST) / sizeof(MOST[0]); i++) {
		struct sql_decimal_sum sum = { .scale = 0 };
		struct sql_decimal each = number(MOST[i]);
		char text[SQL_DECIMAL_SUM_BYTES];

		(void)sql_decimal_sum__add(&sum, &each);
		assert_in_range(sql_decimal_sum__format(&sum, text), 1, SQL_DECIMAL_SUM_BYTES);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sql_decimal_parse),
		cmocka_unit_test(test_sql_decimal_collate),
		cmocka_unit_test(test_sql_decimal_sum),
		cmocka_unit_test(test_sql_decimal_sum_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
