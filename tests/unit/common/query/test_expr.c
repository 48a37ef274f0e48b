/* SPDX-License-Identifier: MIT */
/* The language of filters, without a viewer: what it means, and that no text does harm. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "array.h"
#include "expr.h"
#include "expr_words.h"

#define S 1000000000ull

/* ---- What it means ---- */

static const struct {
	const char *key;
	struct ttlog_field field;
} FIELDS[] = {
	{ "a", { .type = TTLOG_TYPE_U32, .u = 1 } },
	{ "b", { .type = TTLOG_TYPE_U32, .u = 2 } },
	{ "price", { .type = TTLOG_TYPE_DECIMAL, .i = 15025, .scale = 2 } },
	{ "symbol", { .type = TTLOG_TYPE_STR, .text = { "AAPL", 4 } } },
	{ "text", { .type = TTLOG_TYPE_STR, .text = { "this and that", 13 } } },
	{ "none", { .type = TTLOG_TYPE_STR, .null = true } },
	{ "two words", { .type = TTLOG_TYPE_BOOL, .u = 1 } },
	{ "not", { .type = TTLOG_TYPE_U8, .u = 5 } },
	{ "latency_us", { .type = TTLOG_TYPE_U32, .u = 5000 } },
	{ "wait_ms", { .type = TTLOG_TYPE_F64, .d = 1.5 } },
	{ "took_s", { .type = TTLOG_TYPE_DECIMAL, .i = 90, .scale = 0 } },
	{ "duration", { .type = TTLOG_TYPE_U64, .u = 5000000 } },
	{ "period", { .type = TTLOG_TYPE_STR, .text = { "5m", 2 } } },
	/* twice: either one matches */
	{ "twice", { .type = TTLOG_TYPE_U8, .u = 1 } },
	{ "twice", { .type = TTLOG_TYPE_U8, .u = 2 } },
};

struct known {
	bool site, fields;
};

static enum expr_found look_up(void *context, const struct term *term, unsigned *at,
			       struct ttlog_field *ret)
{
	const struct known *known = context;
	const bool is_site = term->subject == EVENT_KEY_LEVEL ||
			     term->subject == EVENT_KEY_TARGET || term->subject == EVENT_KEY_MSG;

	if (!(is_site ? known->site : known->fields))
		return EXPR_UNKNOWN;
	if (term->subject != EVENT_KEY_FIELD && (*at)++)
		return EXPR_ABSENT;
	switch (term->subject) {
	case EVENT_KEY_LEVEL:
		*ret = (struct ttlog_field){ .u = TTLOG_LEVEL_WARN };
		return EXPR_FOUND;
	case EVENT_KEY_TARGET:
		*ret = (struct ttlog_field){ .text = ttlog_text_of("net.http") };
		return EXPR_FOUND;
	case EVENT_KEY_MSG:
		*ret = (struct ttlog_field){ .text = ttlog_text_of("Request timed out (again)") };
		return EXPR_FOUND;
	case EVENT_KEY_TID:
		*ret = (struct ttlog_field){ .u = 13 };
		return EXPR_FOUND;
	case EVENT_KEY_TS:
		*ret = (struct ttlog_field){ .u = 1795240800 * S };
		return EXPR_FOUND;
	case EVENT_KEY_FIELD:
		break;
	default:
		return EXPR_ABSENT;
	}
	while (*at < ARRAY_SIZE(FIELDS)) {
		*ret = FIELDS[*at].field;
		if (ttlog_text_is(term->key, FIELDS[(*at)++].key))
			return EXPR_FOUND;
	}
	return EXPR_ABSENT;
}

static enum expr_truth truth_of(const struct expr *expr, struct known known)
{
	const struct expr_host host = { .look_up = look_up, .context = &known };

	return expr__truth(expr, expr->root, &host);
}

static struct expr *parse(const char *source)
{
	struct expr_error error;
	struct expr *expr = expr__parse(source, &error);

	if (!expr)
		fail_msg("%s: %s, at %zu", source, error.why, error.at);
	return expr;
}

static const struct {
	const char *source;
	bool wanted;
} TRUTHS[] = {
	{ "a=1", true },
	{ "a=1 and b=2", true },
	{ "a=1 and b=3", false },
	{ "a=2 or b=2", true },
	{ "a=2 OR b=3", false },
	/* `not` binds most tightly, then `and`, then `or` */
	{ "a=1 or a=2 and b=3", true },
	{ "(a=1 or a=2) and b=3", false },
	{ "not a=2 and b=2", true },
	{ "not (a=2 and b=2)", true },
	{ "not a=1 or b=2", true },
	{ "not not a=1", true },
	{ "!a=1", false },
	{ "!(a=1)&&b=2", false },
	{ "(a=1)&&(b=2)||(c=3)", true },
	{ "a=1 && b=2", true },
	{ "a=1&&b=3||symbol=A*", true },
	{ "symbol~(x||AAPL)&&b=2", true },
	{ "text=\"a&&b\"||a=0", false },
	{ "a=0 || b=0", false },
	{ "((((a=1))))", true },
	{ "(a = 1)and(b = 2)", true },
	{ "\ta=1\n  and\n  b=2\n", true },
	/* a key that is missing: the term is false, its `not` is true */
	{ "c=1", false },
	{ "c!=1", false },
	{ "not c=1", true },
	{ "has(c)", false },
	{ "not has(c)", true },
	{ "has(a)", true },
	{ "has( a ) and has(none)", true },
	{ "has(level) and has(ts)", true },
	{ "has(\"two words\")", true },
	{ "a=1 and not has(symbol)", false },
	/* keys */
	{ "\"two words\"=true", true },
	{ "'two words'=false", false },
	{ "not=5", true },
	{ "not = 5", true },
	{ "not not = 6", true },
	{ "fields.a=1", true },
	/* values */
	{ "symbol=\"AAPL\"", true },
	{ "symbol='AAPL'", true },
	{ "symbol=A*", true },
	{ "symbol=[A-B]*L and a=1", true },
	{ "symbol~[[:upper:]]{4}", true },
	{ "(symbol~(AAPL|MSFT))", true },
	{ "msg~time(d )?out", true },
	{ "msg~(Request|Answer) timed [^ ]+ and a=1", true },
	{ "msg=Request timed out (again)", true },
	{ "(msg=Request timed out (again)) and a=1", true },
	{ "msg=\"Request*\" and a=1", true },
	{ "msg~\\(again\\)", true },
	{ "msg~\"\\(again\\)$\"", true },
	{ "text=\"this and that\"", true },
	{ "text~'s and t'", true },
	{ "text~\"quote\\\"\"", false },
	{ "price=150.250", true },
	{ "price>150 and price<150.2500000001", true },
	{ "twice=1 and twice=2", true },
	{ "twice=3", false },
	/* levels */
	{ "level>=warn and level<ERROR", true },
	{ "level=ERROR or level=FATAL", false },
	/* times */
	{ "ts>=2026-11-21T06:00:00Z", true },
	{ "ts=2026-11-21 06:00:00 and a=1", true },
	{ "ts>2026-11-21T07:00:00+01:00", false },
	{ "ts<@1795240800.5", true },
	/* durations, in the unit of the key */
	{ "duration>=5ms", true },
	{ "duration=5ms", true },
	{ "duration>5ms", false },
	{ "duration<0.1s", true },
	{ "duration<=5000us", true },
	{ "duration=5000000", true },
	{ "latency_us=5ms", true },
	{ "latency_us<5.001 ms", true },
	{ "latency_us>4999.999us", true },
	{ "latency_us<1m", true },
	{ "wait_ms=1500us", true },
	{ "took_s=1.5m", true },
	{ "took_s<1h and took_s>=90s", true },
	{ "took_s>-1d", true },
	{ "period=5m", true },
	/* text by its order; numbers do not match */
	{ "symbol>AA and symbol<AB", true },
	{ "symbol<=AAPL and symbol>=AAPL", true },
	{ "symbol>AAPL or symbol<AAPL", false },
	{ "symbol<AAPLE and symbol>AAP", true },
	{ "symbol>a", false },
	{ "symbol>2026-11-21", true },
	{ "a<zero or price<zero or a>=A", false },
	{ "not a<zero", true },
	{ "msg>=Request and msg<S", true },
	{ "period=5ms", false },
};

static void test_expr_truth(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(TRUTHS); i++) {
		struct expr *expr = parse(TRUTHS[i].source);

		if (truth_of(expr, (struct known){ true, true }) !=
		    (TRUTHS[i].wanted ? EXPR_YES : EXPR_NO))
			fail_msg("'%s' is %s", TRUTHS[i].source, TRUTHS[i].wanted ? "no" : "yes");
		expr__free(expr);
	}
}

/* What is known of an expression before all values are known. */
static void test_expr_open(void **state)
{
	static const struct {
		const char *source;
		enum expr_truth wanted;
	} CASES[] = {
		{ "level=WARN", EXPR_YES },
		{ "a=1", EXPR_OPEN },
		{ "not a=1", EXPR_OPEN },
		{ "level=WARN and a=1", EXPR_OPEN },
		{ "level=INFO and a=1", EXPR_NO },
		{ "a=1 and level=INFO", EXPR_NO },
		{ "level=WARN or a=1", EXPR_YES },
		{ "a=1 or level=WARN", EXPR_YES },
		{ "level=INFO or tid=1", EXPR_OPEN },
		{ "not (level=INFO and a=1)", EXPR_YES },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(CASES); i++) {
		struct expr *expr = parse(CASES[i].source);

		if (truth_of(expr, (struct known){ .site = true }) != CASES[i].wanted)
			fail_msg("'%s'", CASES[i].source);
		expr__free(expr);
	}
}

static void test_expr_subjects(void **state)
{
	struct expr *expr = parse("level=WARN and not (tid=3 or ts>-10s)");

	(void)state;
	assert_int_equal(expr__subjects(expr, expr->root),
			 1 << EVENT_KEY_LEVEL | 1 << EVENT_KEY_TID | 1 << EVENT_KEY_TS);
	assert_true(expr__needs_last(expr));
	expr__set_last(expr, 1795240800 * S);
	assert_int_equal(truth_of(expr, (struct known){ true, true }), EXPR_NO);
	expr__set_last(expr, 1795240810 * S);
	assert_int_equal(truth_of(expr, (struct known){ true, true }), EXPR_YES);
	expr__free(expr);
	expr = parse("ts>2026-11-21 and has(ts)");
	assert_false(expr__needs_last(expr));
	expr__free(expr);
}

/* ---- How it was understood ---- */

static void test_expr_text(void **state)
{
	static const struct {
		const char *source, *text;
	} CASES[] = {
		{ "a=1", "a = 1" },
		{ "(a==1)&&!(b=2)", "a = 1 and not b = 2" },
		{ "a=1 and (b=2 and c=3)", "a = 1 and b = 2 and c = 3" },
		{ "a=1 or (b=2 or (c=3 or d=4)) or e=5",
		  "a = 1 or b = 2 or c = 3 or d = 4 or e = 5" },
		{ "a=1 or b=2 and c=3", "a = 1 or (b = 2 and c = 3)" },
		{ "not(a=1 or b=2)", "not (a = 1 or b = 2)" },
		{ "not not a=1", "not not a = 1" },
		{ "level>=warn", "level >= WARN" },
		{ "has( 'two words' )", "has(\"two words\")" },
		{ "symbol=A*", "symbol = \"A*\"" },
		{ "symbol='say \"x\"'", "symbol = \"say \\\"x\\\"\"" },
		{ "msg=~a\\.b", "msg ~ \"a\\.b\"" },
		{ "msg=a\\\\", "msg = \"a\\\\\"" },
		/* a backslash as a quote would lose */
		{ "msg='a\\\"b'", "msg = 'a\\\"b'" },
		{ "msg~[\\\"]", "msg ~ '[\\\"]'" },
		{ "msg=a\\\"b\\'c", "msg = a\\\"b\\'c" },
		{ "a\\=1", "a\\  = 1" },
		{ "has(a\\)", "has(a\\ )" },
		{ "msg=a\\", "msg = a\\ " },
		{ "not (msg=a\\ ) or a=1", "not msg = a\\  or a = 1" },
		{ "a=2 or (msg=a\\\\\\  and b=2)", "a = 2 or (msg = a\\\\\\  and b = 2)" },
		{ "fields.file=0x1f", "fields.file = 0x1f" },
		{ "took_s>1.5m", "took_s > 1.5m" },
		{ "'not'=1", "\"not\" = 1" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(CASES); i++) {
		struct expr *expr = parse(CASES[i].source);
		char *text = expr__text(expr);

		assert_string_equal(text, CASES[i].text);
		free(text);
		expr__free(expr);
	}
}

static void test_expr_explain(void **state)
{
	struct expr *expr = parse("level>=warn and (latency_us>5ms or not symbol=A*) and has(x)"
				  " and wait_ms<=0.25us");
	char *text = expr__explain(expr);

	(void)state;
	assert_string_equal(
		text, "and\n"
		      "  level >= WARN                         level, by rank\n"
		      "  or\n"
		      "    latency_us > 5ms                    duration, 5000 us\n"
		      "    not\n"
		      "      symbol = \"A*\"                     text, by glob\n"
		      "  has(x)                                whether there is such a field\n"
		      "  wait_ms <= 0.25us                     duration, 0.00025 ms\n");
	free(text);
	expr__free(expr);
}

/* ---- Limits ---- */

static char *repeated(const char *what, size_t cnt, const char *end)
{
	size_t len = strlen(what);
	char *text = malloc(len * cnt + strlen(end) + 1);

	assert_non_null(text);
	for (size_t i = 0; i < cnt; i++)
		memcpy(text + i * len, what, len);
	strcpy(text + cnt * len, end);
	return text;
}

static void assert_repeated(const char *what, size_t cnt, const char *end, const char *words)
{
	char *source = repeated(what, cnt, end);
	struct expr_error error;
	struct expr *expr = expr__parse(source, &error);

	if (words && (expr || !strstr(error.why, words)))
		fail_msg("%zu times %s: %s", cnt, what, expr ? "taken" : error.why);
	if (!words && !expr)
		fail_msg("%zu times %s: %s", cnt, what, error.why);
	expr__free(expr);
	free(source);
}

static void test_expr_limits(void **state)
{
	(void)state;
	assert_repeated("(", 16000, "", "in one another");
	assert_repeated("not ", 4000, "a=1", "in one another");
	assert_repeated("!", 16000, "a=1", "in one another");
	assert_repeated("not ", EXPR_MAX_DEPTH, "a=1", NULL);
	assert_repeated("not ", EXPR_MAX_DEPTH + 1, "a=1", "in one another");
	assert_repeated("a=1 or ", 2000, "b=2", NULL);
	assert_repeated("a=1 or b=2 and ", 1000, "c=3", NULL);
	assert_repeated("a", EXPR_MAX_BYTES, "=1", "longer than 16384 bytes");
	/* the time is at most the square of the length */
	assert_repeated("a~[:[.", 2700, "", "is wrong");
	assert_repeated("a~[\\", 2700, "", "is wrong");
	assert_repeated("a=[=[=[:", 1000, ":]", NULL);
	assert_repeated("a=(((( ", 1000, "", "not closed");
	assert_repeated("a and ", 2000, "", "no operator");
	assert_repeated("a=\\", 4000, "", NULL);
	assert_repeated("a~[", 1, "", "is wrong");
	assert_repeated("a~", 1, "((((((((((((((((((((((((((((((((((((((((x", "is wrong");
	assert_repeated("a~(x?)", 1, "{60000}", "too large");
	assert_repeated("a~(((x{100}){100}){100}){100}", 1, "", "too large");
	assert_repeated("a~x{1,2000}", 1, "", NULL);
	assert_repeated("a~(x?)(y?)", 1, "{2000}", NULL);
	assert_repeated("a~(x?){2000} or ", 8, "a=1", NULL);
	assert_repeated("a~(x?){2000} or ", 40, "a=1", "too large");
	assert_repeated("a~time(d )?out or ", 500, "a=1", NULL);
	assert_repeated("a~[(((]{4}-[0-9]{2}-[^]]{2}x{2,} and ", 100, "a=1", NULL);
	assert_repeated("a~((((((((((((x+)+)+)+)+)+)+)+)+)+)+)", 1, "+)", NULL);
}

static uint64_t random_below(uint64_t *seed, uint64_t limit)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed % limit;
}

/* Words of the language, and bytes, in any order: accepted, or refused with a position. An accepted
 * expression can be evaluated and explained, and means the same when it is parsed again. */
static void assert_harmless(const char *source)
{
	struct expr_error error;
	char text[EXPR_ERROR_PRINT_BYTES], *canonical, *again, *tree, *words, *same_words;
	struct expr *expr = expr__parse(source, &error), *second;

	if (!expr) {
		assert_int_equal(errno, EINVAL);
		assert_true(error.at <= strlen(source));
		expr_error__print(&error, source, text, sizeof(text));
		assert_non_null(strchr(text, '^'));
		return;
	}
	tree = expr__explain(expr);
	canonical = expr__text(expr);
	second = expr__parse(canonical, &error);
	if (!second)
		fail_msg("%s: became %s: %s", source, canonical, error.why);
	again = expr__text(second);
	assert_string_equal(again, canonical);
	words = expr_words(expr);
	same_words = expr_words(second);
	assert_string_equal(same_words, words);
	assert_int_equal(truth_of(second, (struct known){ true, true }),
			 truth_of(expr, (struct known){ true, true }));
	(void)truth_of(expr, (struct known){ .site = true });
	free(same_words);
	free(words);
	free(again);
	free(canonical);
	free(tree);
	expr__free(second);
	expr__free(expr);
}

static void test_expr_random(void **state)
{
	static const char *const PIECES[] = {
		"a",  "b",    "symbol", "level", "ts",    "msg",  "=",    "!=",   "<",
		">=", "~",    "!~",     "and ",  " and ", " or ", "not ", "!",    "(",
		")",  "has(", "\"",     "'",     "\\",    "[",    "]",    "{3}",  "*",
		"?",  " ",    "WARN",   "1.5",   "5ms",   "-10s", "0x1f", "\xff", "\xc3\xa4",
		"&&", "||",   "a=1",    "\n",    "\\\"",  "\\'",
	};
	uint64_t seed = 88172645463325252u;
	char source[256];

	(void)state;
	for (int i = 0; i < 30000; i++) {
		size_t len = 0, cnt = 1 + random_below(&seed, 14);

		for (size_t k = 0; k < cnt; k++) {
			const char *piece = PIECES[random_below(&seed, ARRAY_SIZE(PIECES))];

			len += (size_t)snprintf(source + len, sizeof(source) - len, "%s", piece);
		}
		assert_harmless(source);
	}
	for (int i = 0; i < 30000; i++) {
		size_t len = random_below(&seed, 24);

		for (size_t k = 0; k < len; k++)
			source[k] = (char)(1 + random_below(&seed, 255));
		source[len] = '\0';
		assert_harmless(source);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_expr_truth),    cmocka_unit_test(test_expr_open),
		cmocka_unit_test(test_expr_subjects), cmocka_unit_test(test_expr_text),
		cmocka_unit_test(test_expr_explain),  cmocka_unit_test(test_expr_limits),
		cmocka_unit_test(test_expr_random),
	};

	return cmocka_run_group_tests_name("expr", tests, NULL, NULL);
}
