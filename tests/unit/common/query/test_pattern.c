/* SPDX-License-Identifier: MIT */
/* Which of PCRE2's regular expressions filters support, and their limits. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "pattern.h"

static int make(struct pattern *ret, const char *regex, struct pattern_budget *budget,
		struct expr_error *error)
{
	return pattern__init(ret, regex, 10, budget, error);
}

static bool matches(const char *regex, const char *text, size_t len)
{
	struct pattern_budget budget = { .bytes = 0 };
	struct expr_error error;
	struct pattern pattern;
	bool is_found;

	if (make(&pattern, regex, &budget, &error))
		fail_msg("%s: %s", regex, error.why);
	is_found = pattern__matches(&pattern, (struct ttlog_text){ text, len });
	assert_int_equal(budget.gave_up, 0);
	pattern__fini(&pattern);
	return is_found;
}

static void test_pattern_finds(void **state)
{
	static const struct {
		const char *regex, *text;
		bool is_found;
	} CASES[] = {
		{ "time(d )?out", "it timed out", true },
		{ "^out", "it timed out", false },
		{ "out$", "it timed out", true },
		{ "out$", "it timed out\n", false },
		{ "it.timed", "it\ntimed", true },
		{ "^timed", "it\ntimed", false },
		{ "^[[:upper:]]{4}$", "AAPL", true },
		{ "\\d+ms\\b", "took 12ms.", true },
		{ "[\\d.]+s$", "1.5s", true },
		{ "(?i)TIMED", "it timed out", true },
		{ "^t.t$", "t\xc3\xa4t", true },
		{ "^t..t$", "t\xc3\xa4t", false },
		{ "t\xc3\xa4?t", "tt", true },
		{ "", "", true },
		{ "x", "", false },
		/* bytes that are not UTF-8 match no character; the text around them is found */
		{ "a.b",
		  "a\xff"
		  "b",
		  false },
		{ "b$",
		  "a\xff"
		  "b",
		  true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(CASES) / sizeof(*CASES); i++) {
		if (matches(CASES[i].regex, CASES[i].text, strlen(CASES[i].text)) !=
		    CASES[i].is_found)
			fail_msg("'%s' in '%s'", CASES[i].regex, CASES[i].text);
	}
	assert_true(matches("b$", "a\0b", 3));
	assert_true(matches("^$", NULL, 0));
}

static void test_pattern_says_what_is_wrong(void **state)
{
	static const struct {
		const char *regex, *why;
	} CASES[] = {
		{ "a(b", "is wrong after 'a(b': missing closing parenthesis" },
		{ "a|*b", "is wrong after 'a|': quantifier does not follow a repeatable item" },
		{ "[b-a]", "range out of order" },
		{ "\xff", "UTF-8 error" },
		{ "((x{100}){100}){100}", "too large" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(CASES) / sizeof(*CASES); i++) {
		struct pattern_budget budget = { .bytes = 0 };
		struct expr_error error;
		struct pattern pattern;

		assert_int_equal(make(&pattern, CASES[i].regex, &budget, &error), -EINVAL);
		assert_int_equal(error.at, 10);
		assert_int_equal(error.len, strlen(CASES[i].regex));
		if (!strstr(error.why, CASES[i].why))
			fail_msg("%s: %s", CASES[i].regex, error.why);
	}
}

static void test_pattern_shares_a_budget(void **state)
{
	struct pattern patterns[64];
	struct pattern_budget budget = { .bytes = 0 };
	struct expr_error error;
	size_t n = 0;

	(void)state;
	while (n < 64 && !make(&patterns[n], "(x?){2000}", &budget, &error))
		n++;
	assert_in_range(n, 2, 63);
	assert_in_range(budget.bytes, PATTERN_BUDGET_BYTES / 2, PATTERN_BUDGET_BYTES);
	assert_non_null(strstr(error.why, "too large"));
	while (n)
		pattern__fini(&patterns[--n]);
}

/* Each pattern gives up in acceptable time, and is counted. */
static void test_pattern_gives_up(void **state)
{
	static const char *const REGEXES[] = { "(a+)+$", "(a|aa)+$", "(a*)*[cd]", "(.*)*[cd]",
					       "(?=(a+)+$)" };
	char text[TTLOG_STR_MAX];

	(void)state;
	memset(text, 'a', sizeof(text));
	text[sizeof(text) - 1] = 'b';
	for (size_t i = 0; i < sizeof(REGEXES) / sizeof(*REGEXES); i++) {
		struct pattern_budget budget = { .bytes = 0 };
		struct expr_error error;
		struct pattern pattern;

		assert_int_equal(make(&pattern, REGEXES[i], &budget, &error), 0);
		assert_false(pattern__matches(&pattern, (struct ttlog_text){ text, sizeof(text) }));
		if (budget.gave_up != 1)
			fail_msg("%s", REGEXES[i]);
		assert_false(pattern__matches(&pattern, (struct ttlog_text){ "zzz", 3 }));
		assert_int_equal(budget.gave_up, 1);
		pattern__fini(&pattern);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pattern_finds),
		cmocka_unit_test(test_pattern_says_what_is_wrong),
		cmocka_unit_test(test_pattern_shares_a_budget),
		cmocka_unit_test(test_pattern_gives_up),
	};

	return cmocka_run_group_tests_name("pattern", tests, NULL, NULL);
}
