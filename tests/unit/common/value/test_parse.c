/* SPDX-License-Identifier: MIT */
/* parse.c: what is accepted, what is refused, and that a refusal changes nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>

#include "array.h"
#include "parse.h"
#include "ttlog/abi.h"

#define UNTOUCHED 12345u

struct number_case {
	const char *text;
	int err;
	uint64_t value;
};

static void check_numbers(int (*parse)(const char *text, uint64_t *ret),
			  const struct number_case *cases, size_t cnt)
{
	for (size_t i = 0; i < cnt; i++) {
		uint64_t value = UNTOUCHED;
		int err = parse(cases[i].text, &value);

		if (err != cases[i].err || value != (err ? UNTOUCHED : cases[i].value))
			fail_msg("\"%s\" gives %d, %llu", cases[i].text, err,
				 (unsigned long long)value);
	}
}

static void test_parse_size(void **state)
{
	static const struct number_case cases[] = {
		{ "0", 0, 0 },
		{ "4096", 0, 4096 },
		{ "4096B", 0, 4096 },
		{ "64K", 0, 64 << 10 },
		{ "64k", 0, 64 << 10 },
		{ "64KB", 0, 64 << 10 },
		{ "64KiB", 0, 64 << 10 },
		{ "64M", 0, 64 << 20 },
		{ "1.5G", 0, 3ull << 29 },
		{ "2TiB", 0, 2ull << 40 },
		{ "18446744073709551615", 0, UINT64_MAX },
		{ "16777215T", 0, 16777215ull << 40 },
		{ "18446744073709551616", -ERANGE, 0 },
		{ "16777216T", -ERANGE, 0 },
		{ "99999999999999999999999", -ERANGE, 0 },
		{ "0.1", -ERANGE, 0 },
		{ "1.0000000001K", -ERANGE, 0 },
		{ "", -EINVAL, 0 },
		{ "K", -EINVAL, 0 },
		{ "-1", -EINVAL, 0 },
		{ "+1", -EINVAL, 0 },
		{ " 1", -EINVAL, 0 },
		{ "1 K", -EINVAL, 0 },
		{ "1KK", -EINVAL, 0 },
		{ "1Ki", -EINVAL, 0 },
		{ "1.K", -EINVAL, 0 },
		{ "0x10", -EINVAL, 0 },
		{ "1s", -EINVAL, 0 },
	};

	(void)state;
	check_numbers(parse__size, cases, ARRAY_SIZE(cases));
}

static void test_parse_duration(void **state)
{
	static const struct number_case cases[] = {
		{ "0", 0, 0 },
		{ "30", 0, 30000000000ull },
		{ "1.5", 0, 1500000000ull },
		{ "7ns", 0, 7 },
		{ "250us", 0, 250000 },
		{ "250ms", 0, 250000000 },
		{ "0.000000001s", 0, 1 },
		{ "2m", 0, 120000000000ull },
		{ "1h", 0, 3600000000000ull },
		{ "5124095h", 0, 5124095ull * 3600000000000ull },
		{ "5124096h", -ERANGE, 0 },
		{ "18446744074", -ERANGE, 0 },
		{ "0.5ns", -ERANGE, 0 },
		{ "", -EINVAL, 0 },
		{ "s", -EINVAL, 0 },
		{ "-1s", -EINVAL, 0 },
		{ "1S", -EINVAL, 0 },
		{ "1d", -EINVAL, 0 },
		{ "1s2", -EINVAL, 0 },
		{ "1M", -EINVAL, 0 },
		{ "1e3", -EINVAL, 0 },
	};

	(void)state;
	check_numbers(parse__duration, cases, ARRAY_SIZE(cases));
}

static void test_parse_pids(void **state)
{
	pid_t *pids = NULL;
	size_t cnt = 0;

	(void)state;
	assert_int_equal(parse__pids("1,22,333,22,2147483647", &pids, &cnt), 0);
	assert_int_equal(cnt, 4);
	assert_int_equal(pids[0], 1);
	assert_int_equal(pids[1], 22);
	assert_int_equal(pids[2], 333);
	assert_int_equal(pids[3], INT32_MAX);
	assert_int_equal(parse__pids("1,2,333,4", &pids, &cnt), 0);
	assert_int_equal(cnt, 6);
	assert_int_equal(pids[4], 2);
	assert_int_equal(pids[5], 4);
	free(pids);
}

static void test_parse_refuses_bad_pids(void **state)
{
	static const struct number_case cases[] = {
		{ "", -EINVAL, 0 },           { ",", -EINVAL, 0 },    { "1,", -EINVAL, 0 },
		{ ",1", -EINVAL, 0 },         { "1,,2", -EINVAL, 0 }, { "0", -EINVAL, 0 },
		{ "-1", -EINVAL, 0 },         { "1 ", -EINVAL, 0 },   { "1;2", -EINVAL, 0 },
		{ "2147483648", -ERANGE, 0 }, { "self", -EINVAL, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		size_t cnt = 0;
		pid_t *pids = NULL;

		assert_int_equal(parse__pids(cases[i].text, &pids, &cnt), cases[i].err);
		assert_int_equal(cnt, 0);
		free(pids);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse_size),
		cmocka_unit_test(test_parse_duration),
		cmocka_unit_test(test_parse_pids),
		cmocka_unit_test(test_parse_refuses_bad_pids),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
