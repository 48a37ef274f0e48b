/* SPDX-License-Identifier: MIT */
/* What a webhook is told, from what ttlog-view says of a file. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "crash_report.h"

#define FILE_NAME "ttlog-4222-20261121153021357-crash.bin"
#define TIME_S    UINT64_C(1795275021)

static struct crash_report read_it(const char *info)
{
	struct crash_report report;

	assert_int_equal(crash_report__read(&report, info, "sh/op", FILE_NAME, "web1-0a"), 0);
	return report;
}

static void test_crash_report_of_a_crash(void **state)
{
	const struct crash_report report =
		read_it("{\"signature\":\"00ff\",\"created_at\":\"2026-11-21T15:30:21.357457254Z\","
			"\"crash\":{\"signal\":\"SIGABRT\",\"frames\":["
			"{\"module\":\"/lib/libc.so.6\",\"symbol\":\"abort+0x10\"},"
			"{\"module\":\"/opt/shop\",\"symbol\":\"order::place+0x1a\"}]}}");
	char key[CRASH_KEY_BYTES];
	char *json = crash_report__json(&report, CRASH_NEW, 3, 0);

	(void)state;
	assert_int_equal(report.time_s, TIME_S);
	assert_string_equal(
		json,
		"{\"text\":\"sh/op crashed on web1-0a: SIGABRT in order::place+0x1a (new)\",\"event\":\"new\","
		"\"signature\":\"00ff\",\"host\":\"web1-0a\",\"service\":\"sh/op\",\"reason\":\"crash\","
		"\"signal\":\"SIGABRT\",\"frame\":\"order::place+0x1a\","
		"\"time\":\"2026-11-21T15:30:21.357457254Z\",\"file\":\"" FILE_NAME "\","
		"\"object\":\"web1-0a/sh%2Fop/" FILE_NAME "\",\"count\":3}");
	free(json);
	crash_report__key(&report, key);
	assert_string_equal(key, "00ff");
	json = crash_report__json(&report, CRASH_BACK, 4, TIME_S - 86400);
	assert_non_null(strstr(json, "(back after a week or more)\",\"event\":\"back\""));
	assert_non_null(strstr(json, "\"last_time\":\"2026-11-20T15:30:21.000000000Z\""));
	free(json);
}

/* As of an encrypted file. */
static void test_crash_report_of_little(void **state)
{
	const struct crash_report report = read_it("{}");
	char *json = crash_report__json(&report, CRASH_NEW, 1, 0);
	char key[CRASH_KEY_BYTES];

	(void)state;
	assert_string_equal(json,
			    "{\"text\":\"sh/op crashed on web1-0a: unknown signal (new)\","
			    "\"event\":\"new\",\"host\":\"web1-0a\",\"service\":\"sh/op\","
			    "\"reason\":\"crash\",\"time\":\"2026-11-21T15:30:21.000000000Z\","
			    "\"file\":\"" FILE_NAME "\",\"object\":\"web1-0a/sh%2Fop/" FILE_NAME
			    "\",\"count\":1}");
	free(json);
	crash_report__key(&report, key);
	assert_string_equal(key, "none: sh/op ");
}

static void test_crash_report_of_hostile_texts(void **state)
{
	char service[4 * FLEET_NAME_BYTES] = "x", *json;
	struct crash_report report;

	(void)state;
	for (size_t i = 1; i + 2 < sizeof(service); i += 2)
		(void)strcpy(service + i, "\xc3\xa9");
	assert_int_equal(crash_report__read(&report, "{}", service, FILE_NAME, "h"), 0);
	/* cut at a whole character */
	assert_int_equal(strlen(report.service), FLEET_NAME_BYTES - 1);
	json = crash_report__json(&report, CRASH_NEW, 1, 0);
	assert_non_null(strstr(json, "\"service\":\"x\xc3\xa9"));
	free(json);
	assert_int_equal(crash_report__read(&report, "{}, 7", "s", FILE_NAME, "h"), -EINVAL);
	assert_int_equal(crash_report__read(&report, "{", "s", FILE_NAME, "h"), -EINVAL);
	assert_int_equal(
		crash_report__read(&report, "{}", "s", "ttlog-1-00000101000000000-crash.bin", "h"),
		0);
	assert_int_equal(report.time_s, 0);
	assert_int_equal(
		crash_report__read(&report, "{}", "s", "ttlog-1-99999999999999999-crash.bin", "h"),
		0);
	assert_true(report.time_s <= UINT64_MAX / 1000000000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_crash_report_of_a_crash),
		cmocka_unit_test(test_crash_report_of_little),
		cmocka_unit_test(test_crash_report_of_hostile_texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
