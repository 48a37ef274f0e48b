/* SPDX-License-Identifier: MIT */
/*
 * A program that links the library may have chosen any locale: filters, levels and numbers do not
 * depend on it. In Turkish the capital of i is not I; in German 1.5 is 1,5.
 */
#include <locale.h>
#include <wctype.h>

#include "temp_dir.h"
#include "number.h"
#include "parse.h"
#include "sql_level.h"
#include "view_fixture.h"

static char folder[] = "/tmp/ttlog-locale-XXXXXX";

/* Debian has these locales in source only. */
static void make_locale(const char *name, const char *source)
{
	char command[256];

	snprintf(command, sizeof(command),
		 "localedef --no-archive -i %s -f UTF-8 %s/%s.UTF-8 >%s/log 2>&1", source, folder,
		 name, folder);
	if (system(command))
		fail_msg("%s: is the package locales installed?", command);
}

static int make_locales(void **state)
{
	(void)state;
	assert_non_null(mkdtemp(folder));
	make_locale("tr_TR", "tr_TR");
	make_locale("de_DE", "de_DE");
	return setenv("LOCPATH", folder, 1);
}

static int remove_locales(void **state)
{
	(void)state;
	return temp_dir__remove(folder);
}

static char *lines_of(const char *filter)
{
	struct ttlog_snapshot *reader = fixture__open_golden("golden.bin");
	char *json = fixture__json(&reader, 1, (struct show){ .filter = filter });

	ttlog_snapshot_close(reader);
	return json;
}

static void assert_means_the_same(const char *locale, const char *filter)
{
	char *want, *got;

	assert_non_null(setlocale(LC_ALL, "C"));
	want = lines_of(filter);
	assert_true(count_lines(want) > 0);
	assert_non_null(setlocale(LC_ALL, locale));
	got = lines_of(filter);
	assert_string_equal(got, want);
	free(want);
	free(got);
	assert_non_null(setlocale(LC_ALL, "C"));
}

static void test_locale_turkish(void **state)
{
	uint64_t bytes;

	(void)state;
	assert_non_null(setlocale(LC_ALL, "tr_TR.UTF-8"));
	/* the locale is really Turkish; strcasecmp() would show it, too, but not
	 * AddressSanitizer's */
	assert_int_equal(towupper(L'i'), 0x130);
	assert_int_equal(ttlog_level_parse("info"), TTLOG_LEVEL_INFO);
	assert_int_equal(sql_level__parse(ttlog_text_of("info")), TTLOG_LEVEL_INFO);
	assert_int_equal(parse__size("64mib", &bytes), 0);
	assert_true(bytes == 64u << 20);
	assert_means_the_same("tr_TR.UTF-8", "level=info");
	assert_means_the_same("tr_TR.UTF-8", "level>=info and not target=no-such or probe=none");
}

static void assert_number(const char *text, double want)
{
	struct number number;

	assert_int_equal(number__parse(&number, ttlog_text_of(text)), 0);
	assert_true(number.f64 == want && number.f32 == (float)want);
}

static void test_locale_german(void **state)
{
	(void)state;
	assert_non_null(setlocale(LC_ALL, "de_DE.UTF-8"));
	assert_string_equal(localeconv()->decimal_point, ",");
	assert_number("-150.25", -150.25);
	assert_number("0.1e3", 100);
	assert_number("0x10", 16);
	assert_number("-0", 0);
	assert_number("4.9e-324", 4.9e-324);
	assert_means_the_same("de_DE.UTF-8", "price>150.5 or price<=150.5 or ratio>0.25");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_locale_turkish),
		cmocka_unit_test(test_locale_german),
	};

	return cmocka_run_group_tests_name("locale", tests, make_locales, remove_locales);
}
