/* SPDX-License-Identifier: MIT */
/* What is wrong with an expression, and where: in words, and as a mark under the line. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "array.h"
#include "expr.h"
#include "expr_error.h"

static const struct {
	const char *source;
	size_t at, len;
	const char *words;
} MISTAKES[] = {
	{ "", 0, 1, "is empty" },
	{ "  ", 2, 1, "is empty" },
	{ "symbol", 0, 6, "no operator after 'symbol'" },
	{ "=x", 0, 1, "no key" },
	{ "symbol=", 7, 1, "no value" },
	{ "symbol= and a=1", 8, 3, "no value before this" },
	{ "symbol!x", 6, 1, "'!' is no operator" },
	{ "level=LOUD", 6, 4, "'LOUD' is no level" },
	{ "a=1 and level=LOUD or b=2", 14, 4, "'LOUD' is no level" },
	{ "level~WARN", 5, 1, "a level is compared with" },
	{ "price>5cheap", 6, 6, "'5cheap' is no number" },
	{ "price>1.2.3", 6, 5, "'1.2.3' is no number" },
	{ "duration>long", 9, 4, "'long' is no number" },
	{ "line=here", 5, 4, "'here' is no number" },
	{ "price > \"5 apples\"", 8, 10, "no number" },
	{ "pid=me", 4, 2, "no number" },
	{ "ts>yesterday", 3, 9, "is no time" },
	{ "ts~2026", 2, 1, "a time is compared" },
	{ "msg~(", 4, 1, "regular expression '(' is wrong" },
	{ "a=1 and msg~*( ", 12, 2, "is wrong" },
	{ "(a=1", 0, 1, "not closed" },
	{ "(a=1 and (b=2)", 0, 1, "not closed" },
	{ "a=1)", 3, 1, "no parenthesis that this one closes" },
	{ "()", 1, 1, "no term" },
	{ "a=1 and", 7, 1, "something is missing" },
	{ "a=1 and )", 8, 1, "no term" },
	{ "or a=1", 0, 2, "no operator after 'or'" },
	{ "not", 3, 1, "something is missing" },
	{ "not ", 4, 1, "something is missing" },
	{ "a=1 b=2", 4, 1, "'and' or 'or' is missing" },
	{ "symbol=AAPL level>=WARN", 12, 5, "'and' or 'or' is missing" },
	{ "symbol=AAPL has(a)", 12, 3, "'and' or 'or' is missing" },
	{ "has(a) b=2", 7, 1, "'and' or 'or' is missing" },
	{ "(a=1) (b=2)", 6, 1, "'and' or 'or' is missing" },
	{ "\"a\"=\"b\"c", 7, 1, "'and' or 'or' is missing" },
	{ "has(a", 5, 1, "closed here" },
	{ "has()", 4, 1, "no term" },
	{ "msg=\"open", 4, 1, "quote is not closed" },
	{ "msg='open\\'", 4, 1, "quote is not closed" },
	{ "msg=half (a and b=1", 9, 1, "not closed" },
	{ "msg=read and write", 13, 5, "needs quotes" },
};

static void test_expr_error_of_mistakes(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(MISTAKES); i++) {
		struct expr_error error;
		struct expr *expr = expr__parse(MISTAKES[i].source, &error);

		if (expr)
			fail_msg("'%s' is taken", MISTAKES[i].source);
		assert_int_equal(errno, EINVAL);
		if (error.at != MISTAKES[i].at || error.len != MISTAKES[i].len ||
		    !strstr(error.why, MISTAKES[i].words))
			fail_msg("'%s': %s, at %zu, %zu long", MISTAKES[i].source, error.why,
				 error.at, error.len);
	}
}

static void assert_prints(const char *source, const char *wanted)
{
	struct expr_error error;
	char text[EXPR_ERROR_PRINT_BYTES];

	assert_null(expr__parse(source, &error));
	expr_error__print(&error, source, text, sizeof(text));
	assert_string_equal(text, wanted);
}

static void test_expr_error_caret(void **state)
{
	(void)state;
	assert_prints("price>5cheap",
		      "'5cheap' is no number, and no duration (ns us ms s m h d), at character 7\n"
		      "  price>5cheap\n"
		      "        ^~~~~~");
	/* a character is one column, however many bytes it has; no control sequence reaches a
	 * terminal */
	assert_prints("name=\xc3\xa4\xc3\xb6 and \x1b[31m",
		      "there is no operator after '?[31m': "
		      "write KEY=VALUE, with one of = != < "
		      "<= > >= ~ !~, or has(KEY); a value with "
		      "'and' or 'or' in it needs quotes, at "
		      "character 13\n"
		      "  name=\xc3\xa4\xc3\xb6 and ?[31m\n"
		      "              ^~~~~");
	assert_prints(
		"aaaaaaaaaaaaaaaaaaaaaaaa=1 and bbbbbbbbbbbbbbbbbbbbbbbbbbb=2 and level=LOUD and "
		"cccccccccccccccccccccccccccccccccccccc=3",
		"'LOUD' is no level; levels are TRACE, DEBUG, INFO, WARN, ERROR, FATAL, at "
		"character 72\n"
		"  ...bbbbbbbbbbbbbbbbbbbbbbbbbbb=2 and level=LOUD and ccccccccccccccccccccccc...\n"
		"                                             ^~~~");
}

/* Only continuation bytes, no start of a character: there is no character to go back to. */
static void test_expr_error_caret_of_no_utf8(void **state)
{
	char *source = NULL, print[EXPR_ERROR_PRINT_BYTES];
	struct expr_error error;

	(void)state;
	for (size_t len = 1; len < 300; len++) {
		source = realloc(source, len + 1);
		assert_non_null(source);
		memset(source, 0xb3, len);
		source[len] = '\0';
		assert_null(expr__parse(source, &error));
		for (error.at = 0; error.at <= len; error.at++) {
			expr_error__print(&error, source, print, sizeof(print));
			assert_non_null(strstr(print, "\xb3"));
		}
	}
	free(source);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_expr_error_of_mistakes),
		cmocka_unit_test(test_expr_error_caret),
		cmocka_unit_test(test_expr_error_caret_of_no_utf8),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
