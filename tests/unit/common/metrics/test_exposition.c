/* SPDX-License-Identifier: MIT */
/* The text that Prometheus reads, byte by byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "exposition.h"

static const struct exposition_family counter = { "ttlog_things_total", EXPOSITION_COUNTER,
						  "Things." };
static const struct exposition_family gauge = { "ttlog_age_seconds", EXPOSITION_GAUGE, "Age." };
static const struct exposition_family histogram = { "ttlog_wait_seconds", EXPOSITION_HISTOGRAM,
						    "Waits." };

static char *text;
static size_t bytes;

static FILE *begin(void)
{
	FILE *out = open_memstream(&text, &bytes);

	assert_non_null(out);
	return out;
}

static void assert_written(FILE *out, const char *expected)
{
	assert_int_equal(fclose(out), 0);
	assert_string_equal(text, expected);
	free(text);
}

static void test_exposition_begins_families(void **state)
{
	FILE *out = begin();

	(void)state;
	exposition__begin(out, &counter);
	exposition__begin(out, &gauge);
	exposition__begin(out, &histogram);
	assert_written(out, "# HELP ttlog_things_total Things.\n"
			    "# TYPE ttlog_things_total counter\n"
			    "# HELP ttlog_age_seconds Age.\n"
			    "# TYPE ttlog_age_seconds gauge\n"
			    "# HELP ttlog_wait_seconds Waits.\n"
			    "# TYPE ttlog_wait_seconds histogram\n");
}

static void test_exposition_samples(void **state)
{
	const struct exposition_label labels[] = { { "service", "api" }, { "cause", "fault" } };
	FILE *out = begin();

	(void)state;
	exposition__count(out, &counter, NULL, 0, 0);
	exposition__count(out, &counter, labels, 1, UINT64_MAX);
	exposition__count(out, &counter, labels, 2, 7);
	exposition__real(out, &gauge, NULL, 0, 0.25);
	exposition__real(out, &gauge, labels, 1, 1e-9);
	exposition__real(out, &gauge, NULL, 0, 1764500000.123);
	assert_written(out, "ttlog_things_total 0\n"
			    "ttlog_things_total{service=\"api\"} 18446744073709551615\n"
			    "ttlog_things_total{service=\"api\",cause=\"fault\"} 7\n"
			    "ttlog_age_seconds 0.25\n"
			    "ttlog_age_seconds{service=\"api\"} 1e-09\n"
			    "ttlog_age_seconds 1764500000.12\n");
}

static void test_exposition_histograms(void **state)
{
	const struct exposition_bucket buckets[] = { { 0.001, 1 }, { 2.5, 3 }, { 0, 4 } };
	FILE *out = begin();

	(void)state;
	exposition__histogram(out, &histogram, buckets, 3, 12.5);
	assert_written(out, "ttlog_wait_seconds_bucket{le=\"0.001\"} 1\n"
			    "ttlog_wait_seconds_bucket{le=\"2.5\"} 3\n"
			    "ttlog_wait_seconds_bucket{le=\"+Inf\"} 4\n"
			    "ttlog_wait_seconds_sum 12.5\n"
			    "ttlog_wait_seconds_count 4\n");
}

/* A name that ends a label early would add samples of its own. */
static void test_exposition_escapes_labels(void **state)
{
	static const struct {
		const char *value, *written;
	} cases[] = {
		{ "", "" },
		{ "net.http", "net.http" },
		{ "a\"} 1\nttlog_x 2", "a\\\"} 1\\nttlog_x 2" },
		{ "\\", "\\\\" },
		{ "gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f" },
		{ "\x1b[31m\t\x7f", "\xef\xbf\xbd[31m\xef\xbf\xbd\xef\xbf\xbd" },
		{ "cut\xc3", "cut\xef\xbf\xbd" },
		{ "\xff\xfe", "\xef\xbf\xbd\xef\xbf\xbd" },
		{ "\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" }, /* a surrogate */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		FILE *out = begin();

		exposition__label_value(out, cases[i].value);
		assert_written(out, cases[i].written);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_exposition_begins_families),
		cmocka_unit_test(test_exposition_samples),
		cmocka_unit_test(test_exposition_histograms),
		cmocka_unit_test(test_exposition_escapes_labels),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
