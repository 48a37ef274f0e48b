/* SPDX-License-Identifier: MIT */
/* Which crashes are news. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "signatures.h"
#include "temp_dir.h"

#define DAY_S UINT64_C(86400)

static char dir[] = "/tmp/ttlog-signatures-XXXXXX";
static char path[64];

static struct signatures *open_it(void)
{
	const char *why = "";
	struct signatures *signatures = signatures__open(path, &why);

	if (!signatures)
		fail_msg("%s", why);
	return signatures;
}

static struct crash_report crash_of(const char *signature, uint64_t time_s, const char *file)
{
	struct crash_report report = {
		.host = "web1",
		.service = "shop",
		.signal = "SIGSEGV",
		.frame = "place_order",
		.time = "then",
		.time_s = time_s,
		.object = "web1/shop/x",
	};

	(void)snprintf(report.signature, sizeof(report.signature), "%s", signature);
	(void)snprintf(report.file, sizeof(report.file), "%s", file);
	return report;
}

static void see(struct signatures *signatures, const char *signature, uint64_t time_s,
		const char *file)
{
	const struct crash_report report = crash_of(signature, time_s, file);

	assert_int_equal(signatures__see(signatures, &report, 7), 0);
}

static void check_next(struct signatures *signatures, enum crash_news news, const char *file,
		       uint64_t cnt)
{
	struct signature_news next;

	assert_int_equal(signatures__next(signatures, &next), 0);
	assert_int_equal(next.news, news);
	assert_string_equal(next.report.file, file);
	assert_int_equal(next.cnt, cnt);
}

static void tell(struct signatures *signatures)
{
	struct signature_news next;

	assert_int_equal(signatures__next(signatures, &next), 0);
	assert_int_equal(signatures__told(signatures, &next.report), 0);
}

static void check_none(struct signatures *signatures)
{
	struct signature_news next;

	assert_int_equal(signatures__next(signatures, &next), -ENOENT);
}

static void test_signatures_of_which_one_is_new(void **state)
{
	struct signatures *signatures = open_it();
	struct signature_news next;

	(void)state;
	check_none(signatures);
	see(signatures, "a", 1000, "1");
	see(signatures, "a", 1001, "2");
	see(signatures, "'; DROP TABLE signatures1; --", 999, "3");
	assert_int_equal(signatures__count_news(signatures), 2);
	check_next(signatures, CRASH_NEW, "3", 1);
	tell(signatures);
	/* what is not told yet stays, over a restart */
	signatures__free(signatures);
	signatures = open_it();
	check_next(signatures, CRASH_NEW, "1", 2);
	assert_int_equal(signatures__next(signatures, &next), 0);
	assert_string_equal(next.report.signature, "a");
	assert_string_equal(next.report.host, "web1");
	assert_string_equal(next.report.service, "shop");
	assert_string_equal(next.report.signal, "SIGSEGV");
	assert_string_equal(next.report.frame, "place_order");
	assert_string_equal(next.report.time, "then");
	assert_string_equal(next.report.object, "web1/shop/x");
	assert_int_equal(next.report.time_s, 1000);
	tell(signatures);
	check_none(signatures);
	see(signatures, "a", 1002, "4");
	check_none(signatures);
	signatures__free(signatures);
}

static void test_signatures_that_are_back(void **state)
{
	struct signatures *signatures = open_it();
	const uint64_t week_s = 7 * DAY_S;
	struct signature_news next;

	(void)state;
	see(signatures, "a", DAY_S, "1");
	tell(signatures);
	/* each after less than a week */
	see(signatures, "a", 4 * DAY_S, "2");
	see(signatures, "a", 4 * DAY_S + week_s - 1, "3");
	check_none(signatures);
	/* an older one that was found late */
	see(signatures, "a", 2 * DAY_S, "4");
	check_none(signatures);
	see(signatures, "a", 4 * DAY_S + 2 * week_s - 1, "5");
	check_next(signatures, CRASH_BACK, "5", 5);
	assert_int_equal(signatures__next(signatures, &next), 0);
	assert_int_equal(next.before_s, 4 * DAY_S + week_s - 1);
	assert_int_equal(next.report.time_s, 4 * DAY_S + 2 * week_s - 1);
	/* it is news once, also if it comes again before it was told */
	see(signatures, "a", 100 * DAY_S, "6");
	check_next(signatures, CRASH_BACK, "5", 6);
	tell(signatures);
	check_none(signatures);
	see(signatures, "a", 107 * DAY_S, "7");
	check_next(signatures, CRASH_BACK, "7", 7);
	signatures__free(signatures);
}

static void test_signatures_without_one(void **state)
{
	struct signatures *signatures = open_it();
	struct crash_report other = crash_of("", 3, "2");

	(void)state;
	see(signatures, "", 1, "1");
	(void)strcpy(other.service, "mail");
	assert_int_equal(signatures__see(signatures, &other, 7), 0);
	see(signatures, "", 3, "3");
	check_next(signatures, CRASH_NEW, "1", 2);
	tell(signatures);
	check_next(signatures, CRASH_NEW, "2", 1);
	signatures__free(signatures);
}

static void test_signatures_that_are_refused(void **state)
{
	struct signatures *signatures = open_it();
	const struct crash_report report = crash_of("a", 1, "1");

	(void)state;
	see(signatures, "a", 1, "1");
	see(signatures, "b", 2, "2");
	assert_int_equal(signatures__refused(signatures, &report), 0);
	check_next(signatures, CRASH_NEW, "2", 1);
	tell(signatures);
	check_none(signatures);
	assert_int_equal(signatures__count_news(signatures), 1);
	signatures__free(signatures);
	signatures = open_it();
	check_next(signatures, CRASH_NEW, "1", 1);
	signatures__free(signatures);
}

static void test_signatures_note_files(void **state)
{
	struct signatures *signatures = open_it();

	(void)state;
	assert_false(signatures__has_file(signatures, "1", 7));
	see(signatures, "a", 1, "1");
	assert_true(signatures__has_file(signatures, "1", 7));
	/* another file that has its name */
	assert_false(signatures__has_file(signatures, "1", 8));
	assert_int_equal(signatures__forget_file(signatures, "1"), 0);
	assert_false(signatures__has_file(signatures, "1", 7));
	signatures__free(signatures);
}

static void test_signatures_are_bounded(void **state)
{
	struct signatures *signatures = open_it();
	char signature[32];

	(void)state;
	for (int i = 0; i < SIGNATURES_MOST + 3; i++) {
		(void)snprintf(signature, sizeof(signature), "%d", i);
		see(signatures, signature, 1000 + (uint64_t)i, signature);
	}
	assert_int_equal(signatures__count_news(signatures), SIGNATURES_MOST);
	check_next(signatures, CRASH_NEW, "3", 1);
	signatures__free(signatures);
}

static void test_signatures_are_made_anew(void **state)
{
	FILE *file = fopen(path, "we");
	const char *why = NULL;
	struct signatures *signatures;

	(void)state;
	for (int i = 0; i < 5000; i++)
		assert_true(fputs("no database ", file) >= 0);
	assert_int_equal(fclose(file), 0);
	signatures = open_it();
	see(signatures, "a", 1, "1");
	check_next(signatures, CRASH_NEW, "1", 1);
	signatures__free(signatures);
	assert_null(signatures__open("/nonexistent/signatures.db", &why));
	assert_string_equal(why, "unable to open database file");
}

static int make_dir(void **state)
{
	(void)state;
	if (temp_dir__make(dir))
		return -1;
	(void)snprintf(path, sizeof(path), "%s/signatures.db", dir);
	return 0;
}

static int remove_dir(void **state)
{
	(void)state;
	return temp_dir__remove(dir);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, make_dir, remove_dir)
	const struct CMUnitTest tests[] = {
		CASE(test_signatures_of_which_one_is_new), CASE(test_signatures_that_are_back),
		CASE(test_signatures_without_one),         CASE(test_signatures_that_are_refused),
		CASE(test_signatures_note_files),          CASE(test_signatures_are_bounded),
		CASE(test_signatures_are_made_anew),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
