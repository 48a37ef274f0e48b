/* SPDX-License-Identifier: MIT */
/* What the viewer prints: numbers, times, hostile text, and each output as a whole. */
#include <errno.h>
#include <float.h>
#include <math.h>

#include "info.h"
#include "stats.h"
#include "view_fixture.h"

static const char *real_text(double v, bool is_f32)
{
	static char buf[FORMAT_NUMBER_BYTES + 1];

	buf[is_f32 ? format__f32(buf, (float)v) : format__f64(buf, v)] = '\0';
	return buf;
}

/* As Python's repr prints them. */
static void test_view_output_f64(void **state)
{
	static const struct {
		double v;
		const char *text;
	} cases[] = {
		{ 0.0, "0.0" },
		{ -0.0, "-0.0" },
		{ 1, "1.0" },
		{ -150, "-150.0" },
		{ 150.25, "150.25" },
		{ 0.1, "0.1" },
		{ 0.1 + 0.2, "0.30000000000000004" },
		{ 1.0 / 3, "0.3333333333333333" },
		{ 0.0001, "0.0001" },
		{ 0.00001, "1e-05" },
		{ 0.000123, "0.000123" },
		{ 1e15, "1000000000000000.0" },
		{ 1e16, "1e+16" },
		{ 123456789012345680.0, "1.2345678901234568e+17" },
		{ 1e22, "1e+22" },
		{ 1e-7, "1e-07" },
		{ 5e-324, "5e-324" },
		{ DBL_MAX, "1.7976931348623157e+308" },
		{ DBL_MIN, "2.2250738585072014e-308" },
		{ 9007199254740993.0, "9007199254740992.0" },
		{ 123.456, "123.456" },
		{ 0.000001, "1e-06" },
		{ 2.5e-5, "2.5e-05" },
		{ NAN, "NaN" },
		{ INFINITY, "Infinity" },
		{ -INFINITY, "-Infinity" },
		{ 999999999999999.9, "999999999999999.9" },
		{ 99999999999999.99, "99999999999999.98" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_string_equal(real_text(cases[i].v, false), cases[i].text);
	assert_string_equal(real_text((double)0.1f, true), "0.1");
	assert_string_equal(real_text((double)FLT_MAX, true), "3.4028235e+38");
	assert_string_equal(real_text((double)1e-45f, true), "1e-45");
	assert_string_equal(real_text((double)16777216.0f, true), "16777216.0");
	assert_string_equal(real_text((double)(1.0f / 3), true), "0.33333334");
	assert_string_equal(real_text((double)-2.5f, true), "-2.5");
}

/* For any bits: the text reads back as the same value, and no shorter text does. */
static void test_view_output_f64_round_trip(void **state)
{
	uint64_t seed = 88172645463325252u;

	(void)state;
	for (unsigned i = 0; i < 20000; i++) {
		char shorter[64];
		uint64_t bits;
		uint32_t half;
		double v;
		float f;

		seed ^= seed << 13;
		seed ^= seed >> 7;
		seed ^= seed << 17;
		bits = i & 1 ? seed : (seed & 0xfff) << 40 | 0x3ff0000000000000u;
		memcpy(&v, &bits, sizeof(v));
		half = (uint32_t)(seed >> 20);
		memcpy(&f, &half, sizeof(f));
		if (isfinite(v)) {
			assert_true(strtod(real_text(v, false), NULL) == v);
			for (int digits = 0; digits < 16; digits++) {
				snprintf(shorter, sizeof(shorter), "%.*e", digits, v);
				if (strtod(shorter, NULL) == v) {
					const char *text = real_text(v, false);
					size_t cnt = 0;

					/* The digits without zeros at both ends. */
					for (const char *p = text; *p && *p != 'e'; p++)
						cnt += *p >= '0' && *p <= '9';
					for (const char *p = text;
					     *p == '0' || *p == '.' || *p == '-'; p++)
						cnt -= *p == '0';
					for (const char *p = strcspn(text, "e") + text - 1;
					     p > text && (*p == '0' || *p == '.'); p--)
						cnt -= *p == '0';
					assert_int_equal(cnt, digits + 1);
					break;
				}
			}
		}
		if (isfinite(f))
			assert_true(strtof(real_text((double)f, true), NULL) == f);
	}
}

static void test_view_output_decimal(void **state)
{
	static const struct {
		int64_t units;
		uint8_t scale;
		const char *text;
	} cases[] = {
		{ 15025, 2, "150.25" },
		{ 0, 0, "0" },
		{ 0, 2, "0.00" },
		{ 5, 2, "0.05" },
		{ -5, 1, "-0.5" },
		{ -5, 3, "-0.005" },
		{ 100, 2, "1.00" },
		{ 100, 0, "100" },
		{ INT64_MIN, 0, "-9223372036854775808" },
		{ INT64_MIN, 19, "-0.9223372036854775808" },
		{ INT64_MAX, 18, "9.223372036854775807" },
	};
	char buf[FORMAT_NUMBER_BYTES];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		buf[format__decimal(buf, cases[i].units, cases[i].scale)] = '\0';
		assert_string_equal(buf, cases[i].text);
	}
	assert_int_equal(format__decimal(buf, INT64_MIN, 255), 1 + 2 + 255);
}

static void test_view_output_time(void **state)
{
	static const struct {
		uint64_t ns;
		const char *text;
	} cases[] = {
		{ 0, "1970-01-01T00:00:00.000000000Z" },
		{ 1795240800123456789u, "2026-11-21T06:00:00.123456789Z" },
		{ 1795240800999999999u, "2026-11-21T06:00:00.999999999Z" },
		{ 1709251199000000001u, "2024-02-29T23:59:59.000000001Z" },
		{ 4107542400000000000u, "2100-03-01T00:00:00.000000000Z" },
		{ UINT64_MAX, "2554-07-21T23:34:33.709551615Z" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct out out;
		char *text;

		capture__begin(&out);
		out__time(&out, cases[i].ns);
		text = capture__end(&out);
		assert_string_equal(text, cases[i].text);
		free(text);
	}
}

static char *shown(void (*show)(struct out *, struct ttlog_text), const char *p, size_t len)
{
	struct out out;

	capture__begin(&out);
	show(&out, (struct ttlog_text){ p, len });
	return capture__end(&out);
}

static void show_json(struct out *out, struct ttlog_text text)
{
	out__json_text(out, text, false);
}

static void show_value(struct out *out, struct ttlog_text text)
{
	out__value(out, text, false);
}

static void test_view_output_hostile_text(void **state)
{
	static const struct {
		const char *p;
		size_t len;
		const char *json, *plain, *value;
	} cases[] = {
		{ "plain", 5, "\"plain\"", "plain", "plain" },
		{ "a b", 3, "\"a b\"", "a b", "\"a b\"" },
		{ "", 0, "\"\"", "", "\"\"" },
		{ "a=b", 3, "\"a=b\"", "a=b", "\"a=b\"" },
		{ "null", 4, "\"null\"", "null", "\"null\"" },
		{ "say \"\\\"", 7, "\"say \\\"\\\\\\\"\"", "say \"\\\"", "\"say \\\"\\\\\\\"\"" },
		{ "a\nb\tc\r", 6, "\"a\\nb\\tc\\r\"", "a\\nb\\tc\\r", "\"a\\nb\\tc\\r\"" },
		{ "\033]0;x\007", 6, "\"\\u001b]0;x\\u0007\"", "\\x1b]0;x\\x07",
		  "\"\\x1b]0;x\\x07\"" },
		{ "\0\x7f", 2, "\"\\u0000\\u007f\"", "\\x00\\x7f", "\"\\x00\\x7f\"" },
		/* C1: CSI in one character */
		{ "\xc2\x9b"
		  "31m",
		  5, "\"\\u009b31m\"", "\\u009b31m", "\"\\u009b31m\"" },
		{ "\xe2\x80\xae"
		  "abc",
		  6, "\"\\u202eabc\"", "\\u202eabc", "\"\\u202eabc\"" },
		{ "\xe2\x81\xa6", 3, "\"\\u2066\"", "\\u2066", "\"\\u2066\"" },
		{ "\xf3\xa0\x81\x81", 4, "\"\\udb40\\udc41\"", "\\U000e0041", "\"\\U000e0041\"" },
		{ "\xc3\xa9\xe2\x82\xac", 5, "\"\xc3\xa9\xe2\x82\xac\"", "\xc3\xa9\xe2\x82\xac",
		  "\"\xc3\xa9\xe2\x82\xac\"" },
		/* not UTF-8: alone, cut, overlong, a surrogate, too large */
		{ "\xff", 1, "\"\xef\xbf\xbd\"", "\\xff", "\"\\xff\"" },
		{ "\xe2\x82", 2, "\"\xef\xbf\xbd\xef\xbf\xbd\"", "\\xe2\\x82", "\"\\xe2\\x82\"" },
		{ "\xc0\x9b", 2, "\"\xef\xbf\xbd\xef\xbf\xbd\"", "\\xc0\\x9b", "\"\\xc0\\x9b\"" },
		{ "\xed\xa0\x80", 3, "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"", "\\xed\\xa0\\x80",
		  "\"\\xed\\xa0\\x80\"" },
		{ "\xf4\x90\x80\x80", 4, "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"",
		  "\\xf4\\x90\\x80\\x80", "\"\\xf4\\x90\\x80\\x80\"" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *json = shown(show_json, cases[i].p, cases[i].len);
		char *plain = shown(out__plain, cases[i].p, cases[i].len);
		char *value = shown(show_value, cases[i].p, cases[i].len);

		assert_string_equal(json, cases[i].json);
		assert_string_equal(plain, cases[i].plain);
		assert_string_equal(value, cases[i].value);
		free(json);
		free(plain);
		free(value);
	}
}

/* Every pair of bytes: no control character of a terminal comes out. */
static void test_view_output_no_escapes(void **state)
{
	(void)state;
	for (unsigned pair = 0; pair < 65536; pair += 7) {
		const char bytes[] = { (char)(pair >> 8), (char)pair };
		char *text = shown(pair & 1 ? out__plain : show_json, bytes, 2);

		for (const char *p = text; *p; p++) {
			unsigned char c = (unsigned char)*p;

			assert_true(c >= 0x20 && c != 0x7f);
			assert_false(c == 0xc2 && (unsigned char)p[1] < 0xa0);
		}
		free(text);
	}
}

static void assert_golden(char *text, const char *name)
{
	struct bytes wanted = bytes__golden(name);

	assert_string_equal(text, (char *)wanted.p);
	free(wanted.p);
	free(text);
}

static char *text_lines(struct ttlog_snapshot *reader, bool colour)
{
	const struct ttlog_range range = { 0, UINT64_MAX };
	struct ttlog_filter *filter = ttlog_filter_new();
	struct ttlog_stream *stream = ttlog_stream_new(&reader, 1, filter, &range);
	struct text_output text;
	struct ttlog_event event;
	struct out out;

	capture__begin(&out);
	text_output__init(&text, &out, colour, &reader, 1);
	while (ttlog_stream_next(stream, &event))
		text_output__event(&text, &event);
	ttlog_stream_free(stream);
	ttlog_filter_free(filter);
	return capture__end(&out);
}

static void test_view_output_text(void **state)
{
	struct ttlog_snapshot *reader = fixture__open_golden("golden.bin");
	char *coloured = text_lines(reader, true);

	(void)state;
	assert_golden(text_lines(reader, false), "golden.txt");
	assert_non_null(strstr(coloured, "\033[31mERROR\033[0m"));
	assert_non_null(strstr(coloured, "\\x1b[31mfull"));
	free(coloured);
	ttlog_snapshot_close(reader);
}

static void test_view_output_info(void **state)
{
	struct bytes bytes = bytes__golden("golden.bin");
	char why[TTLOG_WHY_BYTES];
	struct ttlog_snapshot *reader = ttlog_snapshot_open_fd(bytes__to_fd(bytes.p, bytes.len),
							       "golden.bin", why, sizeof(why));
	struct out out;

	(void)state;
	free(bytes.p);
	assert_non_null(reader);
	capture__begin(&out);
	assert_int_equal(info__print_text(&out, reader, false), 0);
	assert_golden(capture__end(&out), "golden.info.txt");
	capture__begin(&out);
	info__print_json(&out, reader);
	assert_golden(capture__end(&out), "golden.info.json");
	ttlog_snapshot_close(reader);
}

/* No exit, no crash, no service, no thread that crashed: none is invented. */
static void test_view_output_info_of_little(void **state)
{
	static const char *const names[] = { "packed.bin", "small.bin", "overlap-first.bin" };

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct ttlog_snapshot *reader = fixture__open_golden(names[i]);
		struct out out;
		char *text;

		capture__begin(&out);
		assert_int_equal(info__print_text(&out, reader, false), 0);
		text = capture__end(&out);
		assert_non_null(strstr(text, "in the file"));
		assert_null(strstr(text, "died of"));
		assert_null(strstr(text, "Stack"));
		free(text);
		capture__begin(&out);
		info__print_json(&out, reader);
		text = capture__end(&out);
		assert_null(strstr(text, "\"crash\":"));
		free(text);
		ttlog_snapshot_close(reader);
	}
}

/* The memory of a file without a header is empty, and all of it can be read. */
static void test_view_output_info_of_nothing(void **state)
{
	struct ttlog_snapshot *reader = fixture__open("nothing", 7);
	struct out out;
	char *text;

	(void)state;
	assert_false(ttlog_snapshot_info(reader)->has_header);
	assert_false(ttlog_snapshot_info(reader)->exit->is_there);
	assert_false(ttlog_snapshot_info(reader)->crash->is_there);
	assert_false(ttlog_snapshot_contents(reader)->lost->is_there);
	assert_int_equal(ttlog_snapshot_last_ns(reader), 0);
	assert_int_equal(ttlog_snapshot_load(reader, 0), -ENOENT);
	capture__begin(&out);
	assert_int_equal(info__print_text(&out, reader, false), 0);
	text = capture__end(&out);
	assert_non_null(strstr(text, "no header"));
	free(text);
	ttlog_snapshot_close(reader);
}

/* one_by_one: runs of one event, a small part of their chunk, are counted without its columns. */
static char *stats_of(struct ttlog_snapshot *reader, const char *keys, bool json, bool one_by_one)
{
	const struct ttlog_range range = { 0, UINT64_MAX };
	struct ttlog_filter *filter = ttlog_filter_new();
	struct ttlog_stream *stream = ttlog_stream_new(&reader, 1, filter, &range);
	struct stats *stats = stats__new(keys, NULL);
	struct ttlog_run run;
	struct out out;

	assert_non_null(stats);
	while (ttlog_stream_run(stream, one_by_one ? 1 : UINT64_MAX, &run))
		assert_int_equal(stats__run(stats, &run), 0);
	capture__begin(&out);
	assert_int_equal(stats__print(stats, &out, SIZE_MAX, json), 0);
	stats__free(stats);
	ttlog_stream_free(stream);
	ttlog_filter_free(filter);
	return capture__end(&out);
}

static void test_view_output_stats(void **state)
{
	static const char *const KEYS[] = {
		GROUP_BY_DEFAULT, "tid",     "comm,msg", "symbol",      "symbol,quantity",
		"price",          "nothing", "pid,line", "duration_ns", "quantity,symbol,tid",
	};
	struct ttlog_snapshot *reader = fixture__open_golden("golden.bin");

	(void)state;
	assert_golden(stats_of(reader, GROUP_BY_DEFAULT, false, false), "golden.stats.txt");
	assert_golden(stats_of(reader, "symbol,level", true, false), "golden.stats.jsonl");
	for (size_t i = 0; i < sizeof(KEYS) / sizeof(KEYS[0]); i++) {
		char *by_event = stats_of(reader, KEYS[i], false, true);
		char *by_column = stats_of(reader, KEYS[i], false, false);

		assert_string_equal(by_column, by_event);
		free(by_column);
		free(by_event);
	}
	assert_null(stats__new("a,", NULL));
	assert_null(stats__new(",a", NULL));
	assert_null(stats__new("a,b,c,d,e,f,g,h,i", NULL));
	ttlog_snapshot_close(reader);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_view_output_f64),
		cmocka_unit_test(test_view_output_f64_round_trip),
		cmocka_unit_test(test_view_output_decimal),
		cmocka_unit_test(test_view_output_time),
		cmocka_unit_test(test_view_output_hostile_text),
		cmocka_unit_test(test_view_output_no_escapes),
		cmocka_unit_test(test_view_output_text),
		cmocka_unit_test(test_view_output_info),
		cmocka_unit_test(test_view_output_info_of_little),
		cmocka_unit_test(test_view_output_info_of_nothing),
		cmocka_unit_test(test_view_output_stats),
	};

	return cmocka_run_group_tests_name("view_output", tests, NULL, NULL);
}
