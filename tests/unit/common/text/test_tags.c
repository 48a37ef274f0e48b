/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tags.h"

static void expect_refused(struct tags *tags, const char *text, const char *word)
{
	char why[128] = "";

	if (tags__add(tags, text, why, sizeof(why)) != -EINVAL || !strstr(why, word))
		fail_msg("%s: %s", text, why);
}

static int add(struct tags *tags, const char *text)
{
	char why[128] = "";

	return tags__add(tags, text, why, sizeof(why));
}

static void test_tags_last_value_counts(void **state)
{
	struct tags tags = { 0 };

	(void)state;
	assert_int_equal(add(&tags, "env=prod"), 0);
	assert_int_equal(add(&tags, "_r.a-7=a=b c\xc3\xa9"), 0);
	assert_int_equal(add(&tags, "env2="), 0);
	assert_int_equal(add(&tags, "env=test"), 0);
	assert_int_equal(tags.cnt, 3);
	assert_string_equal(tags.items[0].key, "env");
	assert_string_equal(tags.items[0].value, "test");
	assert_string_equal(tags.items[1].key, "_r.a-7");
	assert_string_equal(tags.items[1].value, "a=b c\xc3\xa9");
	assert_string_equal(tags.items[2].value, "");
	tags__fini(&tags);
}

static void test_tags_refuse_other_text(void **state)
{
	static const char *const texts[] = { "",     "=",     "=v",         "env", "7=v",
					     "-a=v", "a b=v", "\xc3\xa9=v", ".a=v" };
	struct tags tags = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		expect_refused(&tags, texts[i], "KEY=VALUE");
	expect_refused(&tags, "a=\n", "control");
	expect_refused(&tags, "a=\x1b[31m", "control");
	expect_refused(&tags, "a=\x7f", "control");
	expect_refused(&tags, "a=\xff", "UTF-8");
	assert_int_equal(tags.cnt, 0);
}

static void test_tags_are_bounded(void **state)
{
	struct tags tags = { 0 };
	char text[400];

	(void)state;
	memset(text, 'k', sizeof(text));
	memcpy(text + 64, "=", 2);
	assert_int_equal(add(&tags, text), 0);
	memcpy(text + 64, "k=", 3);
	expect_refused(&tags, text, "64");
	memset(text, 'v', sizeof(text));
	memcpy(text, "a=", 2);
	text[2 + 256] = '\0';
	assert_int_equal(add(&tags, text), 0);
	text[2 + 256] = 'v';
	text[2 + 257] = '\0';
	expect_refused(&tags, text, "256");
	for (int i = 2; i < 32; i++) {
		(void)snprintf(text, sizeof(text), "k%d=", i);
		assert_int_equal(add(&tags, text), 0);
	}
	expect_refused(&tags, "onemore=", "32");
	assert_int_equal(add(&tags, "k2=again"), 0);
	assert_int_equal(tags.cnt, 32);
	tags__fini(&tags);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tags_last_value_counts),
		cmocka_unit_test(test_tags_refuse_other_text),
		cmocka_unit_test(test_tags_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
