/* SPDX-License-Identifier: MIT */
/*
 * The parts of the page of --format html: a block, decoded from base64 and inflated, has the bytes
 * that were packed; and text does not end its HTML element.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>
#include <cmocka.h>

#include "html_pack.h"
#include "out.h"

struct fixture {
	struct html_pack pack;
	struct out out;
	int fd;
	unsigned char *block;
	size_t len, at;
};

static int setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	if (!fixture)
		return -1;
	*state = fixture;
	fixture->fd = memfd_create("out", 0);
	return fixture->fd < 0 || html_pack__init(&fixture->pack) ||
	       out__init(&fixture->out, fixture->fd);
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;

	html_pack__fini(&fixture->pack);
	out__fini(&fixture->out);
	close(fixture->fd);
	free(fixture->block);
	free(fixture);
	return 0;
}

/* Returns all that was printed so far. */
static char *printed(struct fixture *fixture, size_t *ret_len)
{
	off_t len;
	char *text;

	assert_int_equal(out__flush(&fixture->out), 0);
	len = lseek(fixture->fd, 0, SEEK_END);
	text = malloc((size_t)len + 1);
	assert_non_null(text);
	assert_int_equal(pread(fixture->fd, text, (size_t)len, 0), len);
	text[len] = '\0';
	*ret_len = (size_t)len;
	assert_int_equal(ftruncate(fixture->fd, 0), 0);
	lseek(fixture->fd, 0, SEEK_SET);
	return text;
}

static unsigned digit(char c)
{
	static const char DIGITS[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *at = strchr(DIGITS, c);

	assert_true(at && c);
	return (unsigned)(at - DIGITS);
}

/* Decodes and inflates the block. */
static void flush(struct fixture *fixture)
{
	uLongf len = 8u << 20;
	unsigned char *bytes;
	size_t chars, cnt = 0;
	char *text;

	html_pack__flush(&fixture->pack, &fixture->out);
	assert_int_equal(fixture->pack.block.err, 0);
	text = printed(fixture, &chars);
	assert_int_equal(chars % 4, 0);
	bytes = malloc(chars);
	assert_non_null(bytes);
	for (size_t i = 0; i < chars; i += 4) {
		size_t pads = i + 4 == chars ? (text[i + 2] == '=') + (text[i + 3] == '=') : 0;
		unsigned four = digit(text[i]) << 18 | digit(text[i + 1]) << 12;

		four |= pads < 2 ? digit(text[i + 2]) << 6 : 0;
		four |= pads < 1 ? digit(text[i + 3]) : 0;
		for (size_t k = 0; k < 3 - pads; k++)
			bytes[cnt++] = (unsigned char)(four >> (16 - 8 * k));
	}
	free(fixture->block);
	fixture->block = malloc(len);
	assert_non_null(fixture->block);
	assert_int_equal(uncompress(fixture->block, &len, bytes, cnt), Z_OK);
	fixture->len = len;
	fixture->at = 0;
	free(bytes);
	free(text);
}

static uint64_t next_u64(struct fixture *fixture)
{
	uint64_t v = 0;
	unsigned char byte;

	for (unsigned shift = 0;; shift += 7) {
		assert_true(fixture->at < fixture->len && shift < 64);
		byte = fixture->block[fixture->at++];
		v |= (uint64_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80))
			return v;
	}
}

static void expect_bytes(struct fixture *fixture, const char *bytes, size_t len)
{
	assert_true(len <= fixture->len - fixture->at);
	assert_memory_equal(fixture->block + fixture->at, bytes, len);
	fixture->at += len;
}

static void put(struct fixture *fixture, const char *text, bool cut)
{
	html_pack__text(&fixture->pack, ttlog_text_of(text), cut);
}

/* 7 bits per byte, the lowest first; the lowest bit is the sign. */
static void test_html_pack_numbers(void **state)
{
	static const uint64_t numbers[] = { 0,     1,          127,
					    128,   300,        1ull << 32,
					    ~0ull, 1ull << 63, (1ull << 56) - 1 };
	struct fixture *fixture = *state;
	struct html_pack *pack = &fixture->pack;

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		html_pack__u64(pack, numbers[i]);
	html_pack__i64(pack, 0);
	html_pack__i64(pack, -1);
	html_pack__i64(pack, 1);
	html_pack__i64(pack, INT64_MIN);
	html_pack__i64(pack, INT64_MAX);
	html_pack__f64(pack, 1.0);
	flush(fixture);
	assert_memory_equal(fixture->block, "\x00\x01\x7f\x80\x01\xac\x02", 7);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		assert_int_equal(next_u64(fixture), numbers[i]);
	assert_int_equal(next_u64(fixture), 0);
	assert_int_equal(next_u64(fixture), 1);
	assert_int_equal(next_u64(fixture), 2);
	assert_int_equal(next_u64(fixture), UINT64_MAX);
	assert_int_equal(next_u64(fixture), UINT64_MAX - 1);
	expect_bytes(fixture, "\0\0\0\0\0\0\xf0\x3f", 8);
	assert_int_equal(fixture->at, fixture->len);
}

/* The first time in a block a text is written out; after that only its number. */
static void test_html_pack_texts(void **state)
{
	struct fixture *fixture = *state;

	for (unsigned block = 0; block < 2; block++) {
		put(fixture, "one", false);
		put(fixture, "", false);
		put(fixture, "one", true);
		put(fixture, "</script>", false);
		put(fixture, "", false);
		html_pack__text(&fixture->pack, (struct ttlog_text){ "on\0", 3 }, false);
		flush(fixture);
		expect_bytes(fixture, "\x00\x03one\x02\x00\x01\x04\x09</script>\x02\x06\x03on\0",
			     25);
		assert_int_equal(fixture->at, fixture->len);
	}
}

/* More texts than the table has places for, and more bytes than its first size. */
static void test_html_pack_many_texts(void **state)
{
	struct fixture *fixture = *state;
	struct html_pack *pack = &fixture->pack;
	uint32_t cnt = 0, known = 0;
	char text[200];

	while (!html_pack__is_full(pack)) {
		snprintf(text, sizeof(text), "%0*u", cnt % 50, cnt);
		put(fixture, text, false);
		cnt++;
	}
	for (uint32_t i = 0; i < cnt; i++) {
		uint32_t before = pack->text_cnt;

		snprintf(text, sizeof(text), "%0*u", i % 50, i);
		put(fixture, text, false);
		known += pack->text_cnt == before;
	}
	assert_true(cnt > 20000 && known > cnt / 10 * 9);
	flush(fixture);
	for (uint32_t i = 0; i < cnt; i++) {
		int len = snprintf(text, sizeof(text), "%0*u", i % 50, i);

		assert_int_equal(next_u64(fixture), (uint64_t)i << 1);
		assert_int_equal(next_u64(fixture), len);
		expect_bytes(fixture, text, (size_t)len);
	}
	assert_false(html_pack__is_full(pack));
}

/* One event may be larger than a block's first size. */
static void test_html_pack_large(void **state)
{
	struct fixture *fixture = *state;
	size_t len = 3u << 20;
	char *text = malloc(len);

	assert_non_null(text);
	memset(text, 'x', len);
	html_pack__text(&fixture->pack, (struct ttlog_text){ text, len }, false);
	assert_true(html_pack__is_full(&fixture->pack));
	flush(fixture);
	assert_int_equal(next_u64(fixture), 0);
	assert_int_equal(next_u64(fixture), len);
	expect_bytes(fixture, text, len);
	free(text);
}

/* In HTML no part of JSON's text looks like a tag; elsewhere the text is unchanged. */
static void test_html_pack_json_has_no_markup(void **state)
{
	static const char TEXT[] = "</script><!-- & \"<\"";
	struct fixture *fixture = *state;
	size_t len;
	char *text;

	out__json_text(&fixture->out, ttlog_text_of(TEXT), false);
	fixture->out.in_html = true;
	out__json_text(&fixture->out, ttlog_text_of(TEXT), false);
	text = printed(fixture, &len);
	assert_string_equal(text, "\"</script><!-- & \\\"<\\\"\""
				  "\"\\u003c/script>\\u003c!-- & \\\"\\u003c\\\"\"");
	free(text);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_html_pack_numbers),
		TEST(test_html_pack_texts),
		TEST(test_html_pack_many_texts),
		TEST(test_html_pack_large),
		TEST(test_html_pack_json_has_no_markup),
	};
#undef TEST

	return cmocka_run_group_tests(tests, NULL, NULL);
}
