/* SPDX-License-Identifier: MIT */
/* What --to may be. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "place_url.h"

static void test_place_url_of_each_kind(void **state)
{
	static const struct {
		const char *text, *scheme, *folder;
	} cases[] = {
		{ "nats://n1,n2/crashes", "nats://", NULL },
		{ "file:///srv/crashes", "file://", "/srv/crashes" },
		{ "file:///srv/a%20b%23", "file://", "/srv/a b#" },
		{ "file:///", "file://", "/" },
	};
	struct fleet_error error;
	struct place_url url;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		assert_int_equal(place_url__parse(&url, cases[i].text, &error), 0);
		assert_string_equal(url.ops->scheme, cases[i].scheme);
		if (cases[i].folder)
			assert_string_equal(url.ops->folder(url.url), cases[i].folder);
		else
			assert_null(url.ops->folder);
		place_url__fini(&url);
	}
	/* as one that was never parsed */
	place_url__fini(&url);
}

static void test_place_url_that_is_none(void **state)
{
	static const struct {
		const char *text, *says;
	} cases[] = {
		{ "", "it does not begin with nats://" },
		{ "nats:/a/b", "it does not begin with nats://" },
		{ "ftp://a/b", "it does not begin with nats://" },
		{ "nats://a", "no bucket" },
		{ "file://srv", "it has a host" },
		{ "file:///srv?x", "'?x' means nothing here" },
		{ "file:///srv#x", "'#x' means nothing here" },
		{ "file:///srv%", "a % needs two hexadecimal digits" },
	};
	struct fleet_error error;
	struct place_url url;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		assert_int_equal(place_url__parse(&url, cases[i].text, &error), -EINVAL);
		assert_non_null(strstr(error.text, cases[i].says));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_place_url_of_each_kind),
		cmocka_unit_test(test_place_url_that_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
