/* SPDX-License-Identifier: MIT */
/*
 * Times on the command line.
 */
#include "time_expr.h"
#include "view_fixture.h"

#define S    1000000000ull
#define LAST (1795240800ull * S + 5) /* 2026-11-21T06:00:00.000000005Z */

static void test_time_expr_forms(void **state)
{
	static const struct {
		const char *text;
		uint64_t ns;
	} cases[] = {
		{ "2026-11-21T06:00:00Z", 1795240800 * S },
		{ "2026-11-21t06:00:00.123456789z", 1795240800 * S + 123456789 },
		{ "2026-11-21T07:00:00+01:00", 1795240800 * S },
		{ "2026-11-21T07:00:00+0100", 1795240800 * S },
		{ "2026-11-21 02:30:00-0330", 1795240800 * S },
		{ "2026-11-21T07:00:00+01", 1795240800 * S },
		{ "2026-11-21T01:30:00.5-04:30", 1795240800 * S + 500000000 },
		{ "2026-11-21 06:00", 1795240800 * S },
		{ "2026-11-21", 1795219200 * S },
		{ "2024-02-29", 1709164800 * S },
		{ "1970-01-01", 0 },
		{ "2026-11-21T05:59:60Z", 1795240800 * S },
		{ "06:00", 1795240800 * S },
		{ "05:59:59.9", 1795240799 * S + 900000000 },
		{ "@1795240800", 1795240800 * S },
		{ "@1795240800.000000001", 1795240800 * S + 1 },
		{ "-10s", LAST - 10 * S },
		{ "-10", LAST - 10 * S },
		{ "-1.5ms", LAST - 1500000 },
		{ "-5m", LAST - 300 * S },
		{ "-1d", LAST - 86400 * S },
		{ "-20ns", LAST - 20 },
		{ "-200000d", 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct time_expr time;

		if (time_expr__parse(&time, cases[i].text))
			fail_msg("'%s' was refused", cases[i].text);
		if (time_expr__resolve(&time, LAST) != cases[i].ns)
			fail_msg("'%s' is %llu", cases[i].text,
				 (unsigned long long)time_expr__resolve(&time, LAST));
	}
}

static void test_time_expr_wrong(void **state)
{
	static const char *const WRONG[] = {
		"",
		"now",
		"2026",
		"2026-13-01",
		"2026-02-29",
		"2026-11-31",
		"2026-11-21T",
		"2026-11-21T06",
		"2026-11-21T24:00:00Z",
		"2026-11-21T06:60:00Z",
		"2026-11-21T06:00:00X",
		"2026-11-21T06:00:00+1",
		"2026-11-21T06:00:00Zx",
		"1969-12-31",
		"2600-01-01",
		"2026-11-21T06:00:00.Z",
		"@",
		"@-5",
		"@99999999999999",
		"-",
		"-s",
		"-5y",
		"-5 s",
		"06:0",
		"06:00:00+01:00",
		"2026-11-21T07:00:00+1",
		"2026-11-21T07:00:00+01:",
		"2026-11-21T07:00:00+010",
		"2026-11-21T07:00:00+0160",
		"2026-11-21T07:00:00+01x",
		"-99999999999999999999s",
		"1970-01-01T00:00:00+01:00",
	};
	struct time_expr time;

	(void)state;
	for (size_t i = 0; i < sizeof(WRONG) / sizeof(WRONG[0]); i++) {
		if (!time_expr__parse(&time, WRONG[i]))
			fail_msg("'%s' was taken for a time", WRONG[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_time_expr_forms),
		cmocka_unit_test(test_time_expr_wrong),
	};

	return cmocka_run_group_tests_name("time_expr", tests, NULL, NULL);
}
