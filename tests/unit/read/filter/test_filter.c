/* SPDX-License-Identifier: MIT */
/*
 * Filters on one event that is made here: what matches, what does not, and which texts are not a
 * filter.
 */
#include <errno.h>
#include <math.h>

#include "event.h"
#include "expr_error.h"
#include "filter.h"
#include "glob.h"
#include "number.h"
#include "view_fixture.h"

static const struct {
	const char *key;
	struct ttlog_field field;
} FIELDS[] = {
	{ "symbol", { .type = TTLOG_TYPE_STR, .text = { "AAPL", 4 } } },
	{ "empty", { .type = TTLOG_TYPE_STR, .text = { "", 0 } } },
	{ "none", { .type = TTLOG_TYPE_STR, .null = true } },
	{ "zero", { .type = TTLOG_TYPE_STR, .text = { "a\0b", 3 } } },
	{ "digits", { .type = TTLOG_TYPE_STR, .text = { "007", 3 } } },
	{ "latency_us", { .type = TTLOG_TYPE_U32, .u = 101 } },
	{ "delta", { .type = TTLOG_TYPE_I32, .i = -5 } },
	{ "big", { .type = TTLOG_TYPE_U64, .u = UINT64_MAX } },
	{ "small", { .type = TTLOG_TYPE_I64, .i = INT64_MIN } },
	{ "price", { .type = TTLOG_TYPE_DECIMAL, .i = 15025, .scale = 2 } },
	{ "debt", { .type = TTLOG_TYPE_DECIMAL, .i = -150, .scale = 2 } },
	{ "ratio", { .type = TTLOG_TYPE_F64, .d = 0.1 } },
	{ "nan", { .type = TTLOG_TYPE_F64, .d = NAN } },
	{ "inf32", { .type = TTLOG_TYPE_F32, .d = HUGE_VAL } },
	{ "none32", { .type = TTLOG_TYPE_F32, .d = 0 } },
	{ "tenth32", { .type = TTLOG_TYPE_F32, .d = 0.1f } },
	{ "flag", { .type = TTLOG_TYPE_BOOL, .u = 1 } },
	{ "side", { .type = TTLOG_TYPE_CHAR, .u = 'B' } },
	{ "blob", { .type = TTLOG_TYPE_BYTES, .text = { "\x00\xff", 2 } } },
	{ "file", { .type = TTLOG_TYPE_HEX, .u = 0x1f } },
};

#define FIELD_CNT (sizeof(FIELDS) / sizeof(FIELDS[0]))
_Static_assert(FIELD_CNT <= 24, "fields of the test's event");

static void field_of(const struct ttlog_event *event, unsigned idx, struct ttlog_field *ret)
{
	(void)event;
	*ret = FIELDS[idx].field;
}

static const struct ttlog_event_source SOURCE = { .field = field_of };

static bool matches(const struct ttlog_filter *filter)
{
	static const struct ttlog_thread thread = { .pid = 12,
						    .tid = 13,
						    .comm = { "worker-3", 8 } };
	static struct ttlog_text keys[FIELD_CNT];
	struct ttlog_site site = {
		.level = TTLOG_LEVEL_WARN,
		.nfields = FIELD_CNT,
		.keys = keys,
		.target = ttlog_text_of("net.http"),
		.probe = ttlog_text_of("request_done"),
		.msg = ttlog_text_of("Request timed out"),
		.file = ttlog_text_of("src/net/http.c"),
		.line = 42,
		.func = ttlog_text_of("serve"),
	};
	const struct ttlog_event event = { .source = &SOURCE, .site = &site, .thread = &thread };

	for (size_t i = 0; i < FIELD_CNT; i++)
		keys[i] = ttlog_text_of(FIELDS[i].key);
	if (!filter__thread(filter, &thread))
		return false;
	switch (filter__site(filter, &site)) {
	case FILTER_NO:
		return false;
	case FILTER_YES:
		return true;
	default:
		return ttlog_filter_matches(filter, &event);
	}
}

static void assert_matches(const char *expression, bool wanted)
{
	struct ttlog_filter *filter = ttlog_filter_new();
	char why[EXPR_ERROR_PRINT_BYTES] = "";

	assert_non_null(filter);
	if (ttlog_filter_add(filter, expression, why, sizeof(why)))
		fail_msg("%s: %s", expression, why);
	if (matches(filter) != wanted)
		fail_msg("'%s' %s", expression, wanted ? "does not match" : "matches");
	ttlog_filter_free(filter);
}

static const char *const MATCHING[] = {
	"level=WARN",
	"level==warn",
	"level>=WARN",
	"level<=WARN",
	"level<ERROR",
	"level>INFO",
	"level!=INFO",
	"target=net.*",
	"target!=disk*",
	"probe=request_done",
	"probe=re?uest_[a-d]one",
	"file=*/http.c",
	"func=s*e",
	"comm=worker-*",
	"comm~^work",
	"pid=12",
	"tid=13",
	"tid>12",
	"pid!=13",
	"pid~^1",
	"msg~time(d )?out",
	"msg!~ok$",
	"msg=Request*",
	" symbol = AAPL ",
	"symbol=A*",
	"symbol!=MSFT",
	"symbol~^A+P?L",
	"symbol=\"AAPL\"",
	"empty=\"\"",
	"none=null",
	"zero~b$",
	"zero=a?b",
	"digits=007",
	"digits!=7",
	"latency_us>100",
	"latency_us>=101",
	"latency_us=101",
	"latency_us=1.01e2",
	"latency_us=0x65",
	"latency_us<101.5",
	"latency_us>100.99",
	"latency_us!=100",
	"latency_us~01$",
	"delta<0",
	"delta=-5",
	"delta>-5.5",
	"delta<-4.5",
	"big=18446744073709551615",
	"big>18446744073709551614",
	"big<18446744073709551616",
	"big>9223372036854775808",
	"big>1.5",
	"big<1e30",
	"small=-9223372036854775808",
	"small<-9223372036854775807",
	"small>-9223372036854775809",
	"small>-1e300",
	"price=150.25",
	"price=150.250",
	"price>=150.25",
	"price<150.250000000000000000001",
	"price>150.2499999999999999999999",
	"price>150",
	"price<1e3",
	"debt=-1.5",
	"debt<-1.49",
	"debt>-1.51",
	"debt<0",
	"ratio=0.1",
	"ratio<=0.1",
	"ratio>0.09999",
	"ratio~^0\\.1$",
	"nan=NaN",
	"nan=nan",
	"nan!=5",
	"ratio!=nan",
	"inf32>1e300",
	"inf32=inf",
	"inf32>1e1000",
	"none32<1e-300",
	"none32>-1e-1000",
	"none32=-0",
	"tenth32=0.1",
	"tenth32>=0.1",
	"tenth32<0.1001",
	"symbol>AA",
	"symbol<=AAPL",
	"target<nett",
	"comm>=worker",
	"side>=A",
	"line=42",
	"line>41",
	"line!=43",
	"line~^4",
	"flag=true",
	"flag=1",
	"flag!=false",
	"side=B",
	"side~[AB]",
	"blob=00ff",
	"blob~ff$",
	"file=*http*",
	"fields.file=0x1f",
	"fields.file=31",
	"fields.file>30",
	"fields.symbol=AAPL",
};

static const char *const OTHERS[] = {
	"level=ERROR",
	"level>WARN",
	"level!=WARN",
	"target=net",
	"target=*.",
	"probe=request",
	"file=http.c",
	"comm=worker",
	"pid=13",
	"pid!=12",
	"msg~ok",
	"msg!~time",
	"symbol=aapl",
	"symbol=AAP",
	"symbol!=A*",
	"symbol>5",
	"other=1",
	"other!=1",
	"other~.",
	"none=AAPL",
	"zero=a",
	"latency_us>101",
	"latency_us=101.5",
	"latency_us=100.99",
	"latency_us<101",
	"latency_us=abc",
	"big=18446744073709551616",
	"big>=18446744073709551616",
	"big<=18446744073709551614",
	"big<-1",
	"small=9223372036854775808",
	"price=150.2500000000000000000000001",
	"price>150.25",
	"price=-150.25",
	"price<-1",
	"debt=1.5",
	"debt>0",
	"ratio>0.1",
	"nan=5",
	"nan>0",
	"nan<0",
	"nan=nil",
	"nan!=nan",
	"nan<=nan",
	"ratio=nan",
	"inf32=1e300",
	"inf32<=1e39",
	"none32=1e-300",
	"none32>=1e-300",
	"tenth32>0.1",
	"symbol>AAPL",
	"symbol<A",
	"empty>a",
	"none>a",
	"blob>a",
	"latency_us<zero",
	"latency_us>A",
	"price<zero",
	"target>nett",
	"line=41",
	"line>42",
	"flag=false",
	"flag=0",
	"side=C",
	"side=66",
	"blob=00",
	"fields.file=0x20",
};

static void test_filter_terms(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(MATCHING) / sizeof(MATCHING[0]); i++)
		assert_matches(MATCHING[i], true);
	for (size_t i = 0; i < sizeof(OTHERS) / sizeof(OTHERS[0]); i++)
		assert_matches(OTHERS[i], false);
}

static void test_filter_all_terms_must_hold(void **state)
{
	struct ttlog_filter *filter = ttlog_filter_new();
	char why[EXPR_ERROR_PRINT_BYTES];

	(void)state;
	assert_true(ttlog_filter_is_empty(filter));
	assert_true(matches(filter));
	assert_int_equal(ttlog_filter_add(filter, "level>=WARN", why, sizeof(why)), 0);
	assert_int_equal(ttlog_filter_add(filter, "symbol=AAPL", why, sizeof(why)), 0);
	assert_true(matches(filter));
	assert_int_equal(ttlog_filter_add(filter, "price<0", why, sizeof(why)), 0);
	assert_false(matches(filter));
	ttlog_filter_free(filter);
}

static void test_filter_search(void **state)
{
	static const struct {
		const char *regex;
		bool wanted;
	} cases[] = {
		{ "timed", true },        { "^Request", true },     { "^AAPL$", true },
		{ "symbol=AAPL", true },  { "latency_us=1", true }, { "price=150\\.25$", true },
		{ "blob=00ff", true },    { "MSFT", false },        { "^101$", false },
		{ "timed.*AAPL", false }, { "flag=true", true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct ttlog_filter *filter = ttlog_filter_new();
		char why[EXPR_ERROR_PRINT_BYTES];

		assert_int_equal(ttlog_filter_search(filter, cases[i].regex, why, sizeof(why)), 0);
		if (matches(filter) != cases[i].wanted)
			fail_msg("--search %s", cases[i].regex);
		ttlog_filter_free(filter);
	}
}

static size_t cnt_of_events(struct ttlog_snapshot *reader, const char *expression, bool by_columns)
{
	const struct ttlog_range range = { 0, UINT64_MAX };
	struct ttlog_filter *filter = ttlog_filter_new(), *all = ttlog_filter_new();
	struct ttlog_stream *stream;
	struct ttlog_event event;
	char why[EXPR_ERROR_PRINT_BYTES];
	size_t cnt = 0;

	if (ttlog_filter_add(filter, expression, why, sizeof(why)))
		fail_msg("%s", why);
	ttlog_filter_set_last(filter, 1795240800123456788u);
	stream = ttlog_stream_new(&reader, 1, by_columns ? filter : all, &range);
	assert_non_null(stream);
	while (ttlog_stream_next(stream, &event))
		cnt += by_columns || ttlog_filter_matches(filter, &event);
	ttlog_stream_free(stream);
	ttlog_filter_free(filter);
	ttlog_filter_free(all);
	return cnt;
}

/* A filter decides by site, by thread, by time and by column. The result must be the same as event
 * by event, and must be right. */
static void test_filter_columns(void **state)
{
	static const struct {
		const char *expression;
		size_t cnt;
	} CASES[] = {
		{ "level>=INFO", 9 },
		{ "level=ERROR or level=FATAL", 2 },
		{ "tid=1240", 8 },
		{ "not tid=1240", 6 },
		{ "tid=1240 or level=ERROR", 9 },
		{ "tid=1240 and latency_us<42", 1 },
		{ "(tid=1240 and latency_us<42) or (tid=1234 and latency_us=42)", 2 },
		{ "not (tid=1240 or symbol=*)", 3 },
		{ "not (tid=1240 and symbol=*)", 12 },
		{ "not (symbol=AAPL or not has(symbol))", 2 },
		{ "latency_us<=42 or latency_us=100 or symbol=x", 4 },
		{ "latency_us>41 and (symbol=AAPL or symbol=MSFT)", 2 },
		{ "(quantity>5 or quantity<0) and (price=150.25 or (price<0.1 and side=BUY))", 2 },
		{ "has(symbol)", 5 },
		{ "not has(symbol) and not has(b)", 7 },
		{ "duration>=1ms", 1 },
		{ "duration<1ms or duration>1ms", 0 },
		{ "duration_ns=1ms", 1 },
		{ "took=1ms", 1 },
		{ "ts>=2026-11-21T06:00:00Z", 1 },
		{ "ts<2026-11-21T05:59:58.123456790Z", 2 },
		{ "ts=2026-11-21T05:59:58.123456809Z", 2 },
		{ "ts!=2026-11-21T05:59:58.123456809Z", 12 },
		{ "ts>=2026-11-21T05:59:58.124Z and ts<05:59:59", 8 },
		{ "ts>=-1s or symbol=MSFT", 2 },
		{ "not ts<-1s", 1 },
		{ "ts<1970-01-01", 0 },
		{ "comm=worker* and ts<05:59:58.1235 and not level=DEBUG", 2 },
		{ "comm=worker* and (b=false or path=*)", 2 },
	};
	struct ttlog_snapshot *reader = fixture__open_golden("golden.bin");

	(void)state;
	for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
		size_t columns = cnt_of_events(reader, CASES[i].expression, true);
		size_t one_by_one = cnt_of_events(reader, CASES[i].expression, false);

		if (columns != CASES[i].cnt || one_by_one != CASES[i].cnt)
			fail_msg("%s: %zu by columns, %zu one by one, not %zu", CASES[i].expression,
				 columns, one_by_one, CASES[i].cnt);
	}
	ttlog_snapshot_close(reader);
}

/* An error names the mistake and its position, and leaves the filter unchanged. */
static void test_filter_mistakes(void **state)
{
	static const struct {
		const char *expression, *words;
	} cases[] = {
		{ "symbol", "no operator" },
		{ "", "is empty" },
		{ "=x", "no key" },
		{ "symbol=", "no value" },
		{ "symbol!x", "'!' is no operator, at character 7" },
		{ "level=LOUD", "'LOUD' is no level; levels are TRACE" },
		{ "level~WARN", "a level is compared with" },
		{ "price>5cheap", "'5cheap' is no number" },
		{ "duration>long", "'long' is no number" },
		{ "pid=me", "no number" },
		{ "line=here", "'here' is no number" },
		{ "msg~(", "regular expression '(' is wrong" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct ttlog_filter *filter = ttlog_filter_new();
		char why[EXPR_ERROR_PRINT_BYTES] = "";

		assert_int_equal(ttlog_filter_add(filter, cases[i].expression, why, sizeof(why)),
				 -EINVAL);
		if (!strstr(why, cases[i].words))
			fail_msg("'%s' says: %s", cases[i].expression, why);
		assert_true(ttlog_filter_is_empty(filter));
		ttlog_filter_free(filter);
	}
}

static void test_filter_glob(void **state)
{
	static const struct {
		const char *pattern, *text;
		bool wanted;
	} cases[] = {
		{ "", "", true },
		{ "", "a", false },
		{ "*", "", true },
		{ "*", "abc", true },
		{ "a*c", "abbc", true },
		{ "a*c", "abcd", false },
		{ "?", "", false },
		{ "?", "a", true },
		{ "a?c", "abc", true },
		{ "[a-c]x", "bx", true },
		{ "[!a-c]x", "bx", false },
		{ "[^a]", "b", true },
		{ "[]]", "]", true },
		{ "[a-]", "-", true },
		{ "[", "[", true },
		{ "\\*", "*", true },
		{ "\\*", "a", false },
		{ "*.*.c", "a.b.c", true },
		{ "**a**", "bab", true },
		{ "*ab", "aab", true },
		{ "a\\", "a\\", true },
		/* by character, of any length in bytes */
		{ "M?ller", "M\u00fcller", true },
		{ "M??ller", "M\u00fcller", false },
		{ "M[\u00e4-\u00fc]ller", "M\u00fcller", true },
		{ "[!a-z]", "\u00fc", true },
		{ "[\u00e4-\u00f6]", "\u00c3", false },
		{ "*??", "\u00fc", false },
		{ "*[\u00bc]", "\u00fc", false },
		{ "\\\u20ac*", "\u20ac5", true },
		{ "?\U0001f600?", "a\U0001f600b", true },
		{ "?x", "\xffx", true },
		{ "??x", "\xc3\xffx", true },
		{ "\xff*", "\xff", true },
		{ "[\xfe]", "\xff", false },
	};
	char text[4096];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (glob__match(ttlog_text_of(cases[i].pattern), ttlog_text_of(cases[i].text)) !=
		    cases[i].wanted)
			fail_msg("'%s' and '%s'", cases[i].pattern, cases[i].text);
	}
	/* Exponential if every star is tried again. */
	memset(text, 'a', sizeof(text));
	assert_false(glob__match(ttlog_text_of("*a*a*a*a*a*a*a*a*a*a*b"),
				 (struct ttlog_text){ text, sizeof(text) }));
}

static void test_filter_number(void **state)
{
	static const char *const WRONG[] = {
		"",
		"-",
		"1x",
		"0x",
		"0xg",
		"1.2.3",
		".",
		"1e",
		"1e ",
		"e5",
		"0x1ffffffffffffffff",
		"1e999999999999",
		"--1",
		" 1",
		"one",
	};
	struct number number;

	(void)state;
	for (size_t i = 0; i < sizeof(WRONG) / sizeof(WRONG[0]); i++) {
		if (!number__parse(&number, ttlog_text_of(WRONG[i])))
			fail_msg("'%s' was taken for a number", WRONG[i]);
	}
	assert_int_equal(number__parse(&number, ttlog_text_of("-007.50e1")), 0);
	assert_true(number.negative);
	assert_int_equal(number.len, 2);
	assert_memory_equal(number.digits, "75", 2);
	assert_int_equal(number.point, 2);
	assert_true(number.floor == -75 && !number.above_floor);
	assert_int_equal(number__parse(&number, ttlog_text_of("-0.5")), 0);
	assert_true(number.floor == -1 && number.above_floor);
	assert_int_equal(number__parse(&number, ttlog_text_of("-0.000")), 0);
	assert_false(number.negative);
	assert_int_equal(number.len, 0);
	assert_int_equal(number__parse(&number, ttlog_text_of("0.001")), 0);
	assert_true(number.floor == 0 && number.above_floor);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_filter_terms),
		cmocka_unit_test(test_filter_all_terms_must_hold),
		cmocka_unit_test(test_filter_search),
		cmocka_unit_test(test_filter_columns),
		cmocka_unit_test(test_filter_mistakes),
		cmocka_unit_test(test_filter_glob),
		cmocka_unit_test(test_filter_number),
	};

	return cmocka_run_group_tests_name("filter", tests, NULL, NULL);
}
