/* SPDX-License-Identifier: MIT */
/*
 * What a mark evaluates, and the exact bytes that it writes. Without a collector: the test raises
 * the semaphores itself and reads the thread's batch. test_batch.c tests the rest.
 *
 * All tests use the main thread's batch; each starts with an empty one.
 */
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <cmocka.h>

/* the smallest size, so that batches are full soon */
#define TTLOG_BATCH_BYTES 4096
#define TTLOG_SERVICE     "test_header"
#include <ttlog/ttlog.h>

#include "own_batch.h"

#define LENGTH(array)  (sizeof(array) / sizeof(*(array)))
#define BATCH_CAPACITY (TTLOG_BATCH_BYTES - sizeof(struct ttlog_batch) - TTLOG_BATCH_SLACK_BYTES)

static const struct ttlog_record *last_record(void)
{
	const struct ttlog_batch *batch = own_batch();
	uint32_t offset = 0, next = 0;

	assert_non_null(batch);
	assert_batch_whole(batch);
	assert_int_not_equal(batch_events(batch), 0);
	while (next < batch_bytes(batch)) {
		offset = next;
		next += record_bytes(record_at(batch, offset));
	}
	return record_at(batch, offset);
}

/* The fields of the last record are these bytes and padding. */
static void assert_last(const uint8_t *want, size_t bytes)
{
	const struct ttlog_record *record = last_record();

	assert_int_equal(record_bytes(record), sizeof(*record) + ((bytes + 3) & ~3ul));
	assert_memory_equal(record_fields(record), want, bytes);
}

#define ASSERT_LAST(...)                                                                           \
	do {                                                                                       \
		static const uint8_t want[] = { __VA_ARGS__ };                                     \
		assert_last(want, sizeof(want));                                                   \
	} while (0)

static int setup(void **state)
{
	(void)state;
	raise_sites(1);
	raise_listening(1, 0);
	TTLOG_INFO("setup");
	ttlog__flush();
	return batch_bytes(own_batch()) != 0;
}

/* ---- Who evaluates what ---- */

static int evaluated_cnt;

static int evaluate(void)
{
	return ++evaluated_cnt;
}

static void log_evaluating(void)
{
	TTLOG_PROBE(evaluating, INFO, "Evaluating", "n", evaluate());
}

static void test_header_evaluates_nothing_when_disabled(void **state)
{
	uint64_t committed = own_batch()->committed;

	(void)state;
	evaluated_cnt = 0;
	raise_sites(0);
	log_evaluating();
	assert_false(TTLOG_ENABLED(INFO));
	assert_int_equal(evaluated_cnt, 0);
	assert_int_equal(own_batch()->committed, committed);
}

static void test_header_evaluates_once_when_enabled(void **state)
{
	(void)state;
	evaluated_cnt = 0;
	log_evaluating();
	assert_int_equal(evaluated_cnt, 1);
	/* {"n": 1} */
	ASSERT_LAST(1, 0, 0, 0);
	log_evaluating();
	assert_int_equal(evaluated_cnt, 2);
	assert_int_equal(batch_events(own_batch()), 2);
	assert_true(TTLOG_ENABLED(INFO));
	assert_int_equal(batch_events(own_batch()), 2);
}

/* Another tracer has raised the site: its arguments must be there, but nothing is encoded. */
static void test_header_encodes_nothing_when_nobody_listens(void **state)
{
	uint64_t committed = own_batch()->committed;

	(void)state;
	evaluated_cnt = 0;
	raise_listening(0, 0);
	log_evaluating();
	assert_in_range(evaluated_cnt, 0, 1);
	assert_int_equal(own_batch()->committed, committed);
}

static void test_header_enables_each_site_alone(void **state)
{
	uint32_t before;

	(void)state;
	log_evaluating();
	before = batch_events(own_batch());
	raise_sites(0);
	raise_site(record_site(last_record()), 1);
	log_evaluating();
	TTLOG_INFO("another");
	assert_int_equal(batch_events(own_batch()), before + 1);
}

/* ---- Exact bytes ---- */

static void test_header_encodes_small_integers(void **state)
{
	bool yes = true, no = false;
	char letter = 'x', high = (char)0xff;
	signed char i8 = SCHAR_MIN;
	unsigned char u8 = UCHAR_MAX;
	short i16 = SHRT_MIN;
	unsigned short u16 = 0x1234;

	(void)state;
	TTLOG_INFO("bool", "yes", yes, "no", no);
	/* {"yes": true, "no": false} */
	ASSERT_LAST(1, 0);
	TTLOG_INFO("char", "letter", letter, "high", high);
	/* {"letter": 120, "high": 255} */
	ASSERT_LAST('x', 0xff);
	TTLOG_INFO("constants", "int", 'B', "char", TTLOG_CHAR('B'));
	/* {"int": 66, "char": 66} */
	ASSERT_LAST('B', 0, 0, 0, 'B');
	TTLOG_INFO("8", "i8", i8, "u8", u8);
	/* {"i8": -128, "u8": 255} */
	ASSERT_LAST(0x80, 0xff);
	TTLOG_INFO("16", "i16", i16, "u16", u16);
	/* {"i16": -32768, "u16": 4660} */
	ASSERT_LAST(0x00, 0x80, 0x34, 0x12);
}

static void test_header_encodes_wide_integers(void **state)
{
	(void)state;
	TTLOG_INFO("32", "i32", INT_MIN, "u32", 0x12345678u);
	/* {"i32": -2147483648, "u32": 305419896} */
	ASSERT_LAST(0x00, 0x00, 0x00, 0x80, 0x78, 0x56, 0x34, 0x12);
	TTLOG_INFO("long", "i", LONG_MIN, "u", ULONG_MAX);
	/* {"i": -9223372036854775808, "u": 18446744073709551615} */
	ASSERT_LAST(0, 0, 0, 0, 0, 0, 0, 0x80, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff);
	TTLOG_INFO("long long", "i", -2ll, "u", 0x0123456789abcdefull);
	/* {"i": -2, "u": 81985529216486895} */
	ASSERT_LAST(0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xef, 0xcd, 0xab, 0x89, 0x67,
		    0x45, 0x23, 0x01);
}

static void test_header_encodes_floats(void **state)
{
	(void)state;
	TTLOG_INFO("f32", "x", 1.5f, "minus_zero", -0.0f);
	/* {"x": 1.5_2, "minus_zero": -0.0_2} */
	ASSERT_LAST(0x00, 0x00, 0xc0, 0x3f, 0x00, 0x00, 0x00, 0x80);
	TTLOG_INFO("f64", "x", 150.25, "inf", -(double)INFINITY);
	/* {"x": 150.25_3, "inf": -Infinity_3} */
	ASSERT_LAST(0, 0, 0, 0, 0, 0xc8, 0x62, 0x40, 0, 0, 0, 0, 0, 0, 0xf0, 0xff);
	TTLOG_INFO("nan", "nan", (double)NAN);
	/* {"nan": NaN_3} */
	ASSERT_LAST(0, 0, 0, 0, 0, 0, 0xf8, 0x7f);
}

static void test_header_encodes_pointers(void **state)
{
	const int *constant = (const int *)(uintptr_t)0x1122334455667788;
	void *null = NULL;

	(void)state;
	TTLOG_INFO("pointers", "constant", constant, "null", null);
	/* {"constant": 0x1122334455667788, "null": 0x0} */
	ASSERT_LAST(0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11, 0, 0, 0, 0, 0, 0, 0, 0);
}

static void test_header_encodes_strings(void **state)
{
	char array[16] = "abc";
	const char *null = NULL;

	(void)state;
	TTLOG_INFO("strings", "literal", "BUY", "array", array, "null", null, "empty", "");
	/* {"literal": "BUY", "array": "abc", "null": null, "empty": ""} */
	ASSERT_LAST(3, 0, 'B', 'U', 'Y', 3, 0, 'a', 'b', 'c', 0x00, 0x80, 0, 0);
	TTLOG_INFO("strn", "part", TTLOG_STRN("abcdef", 3), "none", TTLOG_STRN("x", 0), "null",
		   TTLOG_STRN(null, 5));
	/* {"part": "abc", "none": "", "null": null} */
	ASSERT_LAST(3, 0, 'a', 'b', 'c', 0, 0, 0x00, 0x80);
	TTLOG_INFO("bytes", "bytes", TTLOG_BYTES("\0\1\xff", 3), "none", TTLOG_BYTES("x", 0));
	/* {"bytes": h'0001ff', "none": h''} */
	ASSERT_LAST(3, 0, 0, 1, 0xff, 0, 0);
}

/* Values that the compiler can't see: NULL, and a pointer to nothing with a length of 0. */
static void test_header_encodes_hidden_nulls(void **state)
{
	const char *volatile null = NULL;
	const char *volatile nowhere = (const char *)(uintptr_t)16;
	volatile size_t none = 0;

	(void)state;
	TTLOG_INFO("hidden", "null", null, "strn", TTLOG_STRN(null, none), "bytes",
		   TTLOG_BYTES(null, 5));
	/* {"null": null, "strn": null, "bytes": null} */
	ASSERT_LAST(0x00, 0x80, 0x00, 0x80, 0x00, 0x80);
	TTLOG_INFO("nowhere", "strn", TTLOG_STRN(nowhere, none), "bytes",
		   TTLOG_BYTES(nowhere, none));
	/* {"strn": "", "bytes": h''} */
	ASSERT_LAST(0, 0, 0, 0);
}

static void test_header_encodes_wrapped_values(void **state)
{
	(void)state;
	TTLOG_INFO("hex", "x", TTLOG_HEX(0xdeadbeefu), "minus", TTLOG_HEX(-1));
	/* {"x": 0xdeadbeef, "minus": 0xffffffffffffffff} */
	ASSERT_LAST(0xef, 0xbe, 0xad, 0xde, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
		    0xff);
	TTLOG_INFO("decimal", "price", TTLOG_DECIMAL(-5, 3), "max", TTLOG_DECIMAL(INT64_MAX, 255));
	/* {"price": 4([-3, -5]), "max": 4([-255, 9223372036854775807])} */
	ASSERT_LAST(0xfb, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 3, 0xff, 0xff, 0xff, 0xff, 0xff,
		    0xff, 0xff, 0x7f, 255);
}

static void test_header_encodes_no_and_sixteen_fields(void **state)
{
	(void)state;
	TTLOG_INFO("none");
	assert_last((const uint8_t *)"", 0);
	TTLOG_INFO("sixteen", "a", 'a', "b", (short)2, "c", "3", "d", (bool)1, "e", 5u, "f",
		   (signed char)6, "g", "", "h", (unsigned char)8, "i", (unsigned char)9, "j",
		   (unsigned char)10, "k", (unsigned char)11, "l", (unsigned char)12, "m",
		   (unsigned char)13, "n", (unsigned char)14, "o", (unsigned char)15, "p", "16");
	/* {"a": 97, "b": 2, "c": "3", "d": true, "e": 5, "f": 6, "g": "", "h": 8, ... "p": "16"};
	 * 'a' is an int */
	ASSERT_LAST('a', 0, 0, 0, 2, 0, 1, 0, '3', 1, 5, 0, 0, 0, 6, 0, 0, 8, 9, 10, 11, 12, 13, 14,
		    15, 2, 0, '1', '6');
}

/* Every length near the ones that the fast paths copy, at every offset in a page, up to the page's
 * end. */
static void test_header_encodes_strings_up_to_the_end_of_a_page(void **state)
{
	char *page = (char *)mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
				  -1, 0);

	(void)state;
	assert_ptr_not_equal(page, MAP_FAILED);
	assert_int_equal(mprotect(page + 4096, 4096, PROT_NONE), 0);
	for (size_t len = 0; len < 70; len++) {
		for (size_t gap = 0; gap < 20; gap++) {
			char *text = page + 4096 - gap - len - 1;
			const char *volatile hidden = text;
			const uint8_t *fields;

			memset(page + 4000, 'z', 96);
			for (size_t i = 0; i < len; i++)
				text[i] = (char)('a' + i % 26);
			text[len] = 0;
			TTLOG_INFO("text", "text", hidden);
			fields = (const uint8_t *)record_fields(last_record());
			assert_int_equal(fields[0] | fields[1] << 8, len);
			assert_memory_equal(fields + 2, text, len);
		}
	}
	assert_int_equal(munmap(page, 8192), 0);
}

static void assert_cut(size_t len, uint16_t word)
{
	const uint8_t *fields = (const uint8_t *)record_fields(last_record());

	assert_int_equal(fields[0] | fields[1] << 8, word);
	for (size_t i = 0; i < len; i++)
		assert_int_equal(fields[2 + i], '0' + i % 10);
	assert_int_equal(record_bytes(last_record()),
			 (sizeof(struct ttlog_record) + 2 + len + 3) & ~3ul);
}

static void test_header_cuts_strings_at_4000_bytes(void **state)
{
	static char text[5001];

	(void)state;
	for (size_t i = 0; i + 1 < sizeof(text); i++)
		text[i] = (char)('0' + i % 10);
	for (size_t len = 3998; len <= 4002; len++) {
		text[len] = 0;
		TTLOG_INFO("text", "text", text);
		assert_cut(len < 4000 ? len : 4000, (uint16_t)(len <= 4000 ? len : 0x4fa0));
		text[len] = (char)('0' + len % 10);
	}
	TTLOG_INFO("text", "text", TTLOG_STRN(text, 5000));
	assert_cut(4000, 0x4000 | 4000);
	TTLOG_INFO("text", "text", TTLOG_BYTES(text, 5000));
	assert_cut(4000, 0x4000 | 4000);
	TTLOG_INFO("text", "text", TTLOG_BYTES(text, SIZE_MAX));
	assert_cut(4000, 0x4000 | 4000);
}

static void test_header_keeps_errno(void **state)
{
	(void)state;
	errno = 4711;
	for (int i = 0; i < 1000; i++)
		TTLOG_INFO("errno", "i", i);
	assert_int_equal(errno, 4711);
}

static void test_header_orders_events_by_time(void **state)
{
	const struct ttlog_batch *batch;
	uint32_t offset = 0, last = 0;
	uint64_t base;

	(void)state;
	for (int i = 0; i < 100; i++)
		TTLOG_INFO("in order", "i", i);
	batch = own_batch();
	base = batch->base_ticks;
	assert_int_equal(batch_events(batch), 100);
	for (int i = 0; i < 100; i++) {
		const struct ttlog_record *record = record_at(batch, offset);

		assert_int_equal(*(const int *)record_fields(record), i);
		assert_true(record->delta_ticks >= last);
		last = record->delta_ticks;
		offset += record_bytes(record);
	}
	assert_int_equal(own_batch()->base_ticks, base);
}

static void test_header_marks_spans(void **state)
{
	const struct ttlog_batch *batch = own_batch();
	const struct ttlog_record *begin, *end;
	uint64_t ticks;

	(void)state;
	{
		TTLOG_SPAN(span, INFO, "n", 7);
		assert_int_equal(batch_events(batch), 1);
	}
	assert_int_equal(batch_events(batch), 2);
	begin = record_at(batch, 0);
	end = record_at(batch, record_bytes(begin));
	/* {"n": 7} */
	assert_int_equal(record_bytes(begin), 12);
	assert_int_equal(*(const int *)record_fields(begin), 7);
	/* the start time */
	assert_int_equal(record_bytes(end), 16);
	assert_int_equal(record_site(end), record_site(begin) + 1);
	memcpy(&ticks, record_fields(end), sizeof(ticks));
	assert_int_equal(ticks, batch->base_ticks + begin->delta_ticks);
}

/* It started without a listener: no end is recorded either. */
static void test_header_ends_only_recorded_spans(void **state)
{
	(void)state;
	raise_sites(0);
	{
		TTLOG_SPAN(span, INFO, "n", 7);
		raise_sites(1);
	}
	assert_int_equal(batch_events(own_batch()), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_header_evaluates_nothing_when_disabled, setup,
						lower_all),
		cmocka_unit_test_setup_teardown(test_header_evaluates_once_when_enabled, setup,
						lower_all),
		cmocka_unit_test_setup_teardown(test_header_encodes_nothing_when_nobody_listens,
						setup, lower_all),
		cmocka_unit_test_setup_teardown(test_header_enables_each_site_alone, setup,
						lower_all),
		cmocka_unit_test_setup_teardown(test_header_encodes_small_integers, setup,
						lower_all),
		cmocka_unit_test_setup_teardown(test_header_encodes_wide_integers, setup,
						lower_all),
		cmocka_unit_test_setup_teardown(test_header_encodes_floats, setup, lower_all),
		cmocka_unit_test_setup_teardown(test_header_encodes_pointers, setup, lower_all),
		cmocka_unit_test_setup_teardown(test_header_encodes_strings, setup, lower_all),
		cmocka_unit_test_setup_teardown(test_header_encodes_hidden_nulls, setup, lower_all),
		cmocka_unit_test_setup_teardown(test_header_encodes_wrapped_values, setup,
						lower_all),
		cmocka_unit_test_setup_teardown(test_header_encodes_no_and_sixteen_fields, setup,
						lower_all),
		cmocka_unit_test_setup_teardown(test_header_encodes_strings_up_to_the_end_of_a_page,
						setup, lower_all),
		cmocka_unit_test_setup_teardown(test_header_cuts_strings_at_4000_bytes, setup,
						lower_all),
		cmocka_unit_test_setup_teardown(test_header_keeps_errno, setup, lower_all),
		cmocka_unit_test_setup_teardown(test_header_orders_events_by_time, setup,
						lower_all),
		cmocka_unit_test_setup_teardown(test_header_marks_spans, setup, lower_all),
		cmocka_unit_test_setup_teardown(test_header_ends_only_recorded_spans, setup,
						lower_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
