/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "fleet_name.h"

static const struct {
	const char *plain, *escaped;
} names[] = {
	{ "web-1_A", "web-1_A" },
	{ "a.b.>", "a%2Eb%2E%3E" },
	{ "*", "%2A" },
	{ "a b/c%", "a%20b%2Fc%25" },
	{ "\xc3\xa4\x7f\xff", "%C3%A4%7F%FF" },
	{ "\r\nPUB x 0", "%0D%0APUB%20x%200" },
	{ "", "%" },
};

static void test_fleet_name_is_one_token(void **state)
{
	char text[FLEET_NAME_BYTES];

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		assert_int_equal(fleet_name__escape(text, names[i].plain),
				 strlen(names[i].escaped));
		assert_string_equal(text, names[i].escaped);
		assert_true(fleet_name__is_tokens(text));
		assert_null(strchr(text, '.'));
		assert_int_equal(fleet_name__unescape(text, text), 0);
		assert_string_equal(text, names[i].plain);
	}
}

static void test_fleet_name_comes_back_from_every_byte(void **state)
{
	char plain[2] = "", escaped[FLEET_NAME_BYTES], back[FLEET_NAME_BYTES];

	(void)state;
	for (int c = 1; c < 256; c++) {
		plain[0] = (char)c;
		(void)fleet_name__escape(escaped, plain);
		assert_int_equal(fleet_name__unescape(back, escaped), 0);
		assert_string_equal(back, plain);
	}
}

static void test_fleet_name_is_cut_at_a_whole_byte(void **state)
{
	char plain[400], escaped[FLEET_NAME_BYTES], back[FLEET_NAME_BYTES];

	(void)state;
	memset(plain, 'a', sizeof(plain));
	memset(plain + 254, '.', 20);
	plain[sizeof(plain) - 1] = '\0';
	assert_int_equal(fleet_name__escape(escaped, plain), 254);
	plain[253] = '.';
	assert_int_equal(fleet_name__escape(escaped, plain), 253);
	plain[252] = '.';
	assert_int_equal(fleet_name__escape(escaped, plain), 255);
	assert_int_equal(fleet_name__unescape(back, escaped), 0);
	assert_int_equal(strlen(back), 253);
}

static void test_fleet_name_refuses_what_it_would_not_write(void **state)
{
	static const char *const wrong[] = { "",    "a.b", "a%2", "a%2e", "%41",  "%00", "%%", "a%",
					     "a b", "%2",  "%G0", "%2G",  "a%ZZ", "*",   "a/b" };
	char back[FLEET_NAME_BYTES];

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		assert_int_equal(fleet_name__unescape(back, wrong[i]), -EINVAL);
}

static void test_fleet_name_tokens(void **state)
{
	static const char *const right[] = { "a", "a.b", "a-%2E.Z9", "%" };
	static const char *const wrong[] = {
		"", ".", "a.", ".a", "a..b", "a.*", ">", "a b", "a\n"
	};

	(void)state;
	for (size_t i = 0; i < sizeof(right) / sizeof(*right); i++)
		assert_true(fleet_name__is_tokens(right[i]));
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		assert_false(fleet_name__is_tokens(wrong[i]));
}

static void test_fleet_name_of_a_host(void **state)
{
	char one[FLEET_HOST_BYTES], other[FLEET_HOST_BYTES], again[FLEET_HOST_BYTES];
	char longest[100];

	(void)state;
	/* printf 'ttlog host 0123456789abcdef0123456789abcdef' | sha256sum | cut -c -8 */
	fleet_name__make_host(one, "web1", "0123456789abcdef0123456789abcdef");
	assert_string_equal(one, "web1-98d1d22b");
	fleet_name__make_host(other, "web1", "1123456789abcdef0123456789abcdef");
	assert_string_not_equal(one, other);
	memset(longest, 'x', sizeof(longest));
	longest[sizeof(longest) - 1] = '\0';
	fleet_name__make_host(one, longest, "");
	assert_int_equal(strlen(one), 64 + 9);
	assert_int_equal(fleet_name__own_host(one), 0);
	assert_int_equal(fleet_name__own_host(again), 0);
	assert_string_equal(one, again);
}

static void test_fleet_name_of_an_object(void **state)
{
	char name[FLEET_OBJECT_BYTES], longest[FLEET_OBJECT_BYTES];
	struct fleet_object parts;

	(void)state;
	assert_int_equal(fleet_name__object(name, "web1.x-0a1b2c3d", "a/b", "ttlog-1-2-crash.bin"),
			 0);
	assert_string_equal(name, "web1%2Ex-0a1b2c3d/a%2Fb/ttlog-1-2-crash.bin");
	assert_int_equal(fleet_name__split(&parts, name), 0);
	assert_string_equal(parts.host, "web1.x-0a1b2c3d");
	assert_string_equal(parts.service, "a/b");
	assert_string_equal(parts.file, "ttlog-1-2-crash.bin");
	assert_int_equal(fleet_name__object(name, "h", "", "f"), 0);
	assert_string_equal(name, "h/%/f");
	assert_int_equal(fleet_name__split(&parts, name), 0);
	assert_string_equal(parts.service, "");

	assert_int_equal(fleet_name__object(name, "h", "s", "a/b"), -EINVAL);
	assert_int_equal(fleet_name__object(name, "h", "s", ""), -EINVAL);
	memset(longest, 'f', sizeof(longest));
	longest[sizeof(longest) - 1] = '\0';
	assert_int_equal(fleet_name__object(name, "h", "s", longest), -ENAMETOOLONG);
	assert_int_equal(fleet_name__split(&parts, "h/s"), -EINVAL);
	assert_int_equal(fleet_name__split(&parts, "h/s/"), -EINVAL);
	assert_int_equal(fleet_name__split(&parts, "h/s/f/g"), -EINVAL);
	assert_int_equal(fleet_name__split(&parts, "/s/f"), -EINVAL);
	assert_int_equal(fleet_name__split(&parts, "h/a.b/f"), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fleet_name_is_one_token),
		cmocka_unit_test(test_fleet_name_comes_back_from_every_byte),
		cmocka_unit_test(test_fleet_name_is_cut_at_a_whole_byte),
		cmocka_unit_test(test_fleet_name_refuses_what_it_would_not_write),
		cmocka_unit_test(test_fleet_name_tokens),
		cmocka_unit_test(test_fleet_name_of_a_host),
		cmocka_unit_test(test_fleet_name_of_an_object),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
