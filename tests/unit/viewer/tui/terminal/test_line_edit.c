/* SPDX-License-Identifier: MIT */
/* A line that is typed: what each key does to it, and that it never holds half a character. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include <ncurses.h>

#include "line_edit.h"
#include "screen.h"
#include "utf8.h"

static void assert_line(const struct line_edit *edit, const char *before, const char *after)
{
	char whole[LINE_EDIT_BYTES];

	(void)snprintf(whole, sizeof(whole), "%s%s", before, after);
	assert_string_equal(edit->text, whole);
	assert_int_equal(edit->len, strlen(whole));
	assert_int_equal(edit->at, strlen(before));
}

static void type(struct line_edit *edit, const char *ascii)
{
	while (*ascii)
		assert_true(line_edit__key(edit, *ascii++));
}

static void test_line_edit_types_at_the_cursor(void **state)
{
	struct line_edit edit;

	(void)state;
	line_edit__set(&edit, "");
	type(&edit, "acd");
	assert_false(line_edit__key(&edit, SCREEN_SPECIAL(KEY_LEFT)));
	assert_false(line_edit__key(&edit, SCREEN_KEY('b')));
	type(&edit, "b");
	assert_line(&edit, "ab", "cd");
	assert_false(line_edit__key(&edit, SCREEN_SPECIAL(KEY_HOME)));
	assert_line(&edit, "", "abcd");
	assert_false(line_edit__key(&edit, SCREEN_SPECIAL(KEY_END)));
	assert_line(&edit, "abcd", "");
}

static void test_line_edit_goes_by_characters(void **state)
{
	struct line_edit edit;

	(void)state;
	line_edit__set(&edit, "a");
	assert_true(line_edit__key(&edit, 0xe9));    /* two bytes */
	assert_true(line_edit__key(&edit, 0x20ac));  /* three */
	assert_true(line_edit__key(&edit, 0x1f600)); /* four */
	assert_line(&edit, "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", "");
	line_edit__key(&edit, SCREEN_SPECIAL(KEY_LEFT));
	assert_line(&edit, "a\xc3\xa9\xe2\x82\xac", "\xf0\x9f\x98\x80");
	assert_true(line_edit__key(&edit, SCREEN_SPECIAL(KEY_BACKSPACE)));
	assert_line(&edit, "a\xc3\xa9", "\xf0\x9f\x98\x80");
	assert_true(line_edit__key(&edit, SCREEN_SPECIAL(KEY_DC)));
	assert_line(&edit, "a\xc3\xa9", "");
}

static void test_line_edit_erases_words_and_lines(void **state)
{
	struct line_edit edit;

	(void)state;
	line_edit__set(&edit, "level=WARN and  n>3 ");
	assert_true(line_edit__key(&edit, SCREEN_KEY('w')));
	assert_line(&edit, "level=WARN and  ", "");
	assert_true(line_edit__key(&edit, SCREEN_KEY('w')));
	assert_line(&edit, "level=WARN ", "");
	line_edit__key(&edit, SCREEN_SPECIAL(KEY_LEFT));
	line_edit__key(&edit, SCREEN_SPECIAL(KEY_LEFT));
	assert_true(line_edit__key(&edit, SCREEN_KEY('k')));
	assert_line(&edit, "level=WAR", "");
	assert_true(line_edit__key(&edit, SCREEN_KEY('u')));
	assert_line(&edit, "", "");
	/* there is nothing to erase */
	assert_false(line_edit__key(&edit, SCREEN_KEY('u')));
	assert_false(line_edit__key(&edit, SCREEN_KEY('w')));
	assert_false(line_edit__key(&edit, SCREEN_SPECIAL(KEY_BACKSPACE)));
	assert_false(line_edit__key(&edit, SCREEN_SPECIAL(KEY_DC)));
}

static void test_line_edit_takes_no_control_characters(void **state)
{
	struct line_edit edit;

	(void)state;
	line_edit__set(&edit, "x");
	assert_false(line_edit__key(&edit, SCREEN_KEY_ESC));
	assert_false(line_edit__key(&edit, 0x9b));
	assert_false(line_edit__key(&edit, 0x110000));
	assert_false(line_edit__key(&edit, SCREEN_KEY_NONE));
	assert_line(&edit, "x", "");
}

static void test_line_edit_is_full_before_half_a_character(void **state)
{
	struct line_edit edit;

	(void)state;
	line_edit__set(&edit, "");
	while (line_edit__key(&edit, 0x20ac))
		assert_true(edit.len < sizeof(edit.text));
	assert_int_equal(edit.len % 3, 0);
	assert_true(edit.len > LINE_EDIT_BYTES - 5);
	assert_int_equal(utf8__valid_bytes((const unsigned char *)edit.text, edit.len), edit.len);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_line_edit_types_at_the_cursor),
		cmocka_unit_test(test_line_edit_goes_by_characters),
		cmocka_unit_test(test_line_edit_erases_words_and_lines),
		cmocka_unit_test(test_line_edit_takes_no_control_characters),
		cmocka_unit_test(test_line_edit_is_full_before_half_a_character),
	};

	return cmocka_run_group_tests_name("line_edit", tests, NULL, NULL);
}
