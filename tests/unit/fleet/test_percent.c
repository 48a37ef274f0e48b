/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "percent.h"

static void test_percent_decodes(void **state)
{
	static const struct {
		const char *text, *is; /* is: NULL: refused */
	} cases[] = {
		{ "/a b/c", "/a b/c" }, { "a%2Eb%2f%ff", "a.b/\xff" },
		{ "%25%32%35", "%25" }, { "", "" },
		{ "%", NULL },          { "a%2", NULL },
		{ "%zz", NULL },        { "%00", NULL },
	};
	char text[64];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		(void)snprintf(text, sizeof(text), "%s", cases[i].text);
		assert_int_equal(percent__decode(text), cases[i].is ? 0 : -EINVAL);
		if (cases[i].is)
			assert_string_equal(text, cases[i].is);
	}
}

static void test_percent_encodes(void **state)
{
	static const struct {
		const char *text, *is;
	} cases[] = {
		{ "a-b_c.d~e/F9", "a-b_c.d~e/F9" },
		{ "web1%2Eexample/s+ x/\xff", "web1%252Eexample/s%2B%20x/%FF" },
		{ "", "" },
	};
	char text[64];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		assert_int_equal(percent__encode(text, sizeof(text), cases[i].text, "/"), 0);
		assert_string_equal(text, cases[i].is);
	}
}

static void test_percent_encodes_what_is_not_plain(void **state)
{
	char text[64];

	(void)state;
	assert_int_equal(percent__encode(text, sizeof(text), "a/b", ""), 0);
	assert_string_equal(text, "a%2Fb");
}

static void test_percent_bounds(void **state)
{
	char text[8];

	(void)state;
	assert_int_equal(percent__encode(text, sizeof(text), "abcd", "/"), 0);
	assert_int_equal(percent__encode(text, sizeof(text), "abcdefgh", "/"), -ENAMETOOLONG);
	assert_int_equal(percent__encode(text, sizeof(text), "++", "/"), 0);
	assert_int_equal(percent__encode(text, sizeof(text), "+++", "/"), -ENAMETOOLONG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_percent_decodes),
		cmocka_unit_test(test_percent_encodes),
		cmocka_unit_test(test_percent_encodes_what_is_not_plain),
		cmocka_unit_test(test_percent_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
