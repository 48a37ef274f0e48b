/* SPDX-License-Identifier: MIT */
/* Fields from hostile bytes: the values are right, and no length is trusted. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "value.h"

#define BYTES(...) ((const unsigned char[]){ __VA_ARGS__ })

static void test_value_reads_integers(void **state)
{
	struct value value;

	(void)state;
	assert_int_equal(value__read(TTLOG_TYPE_I8, BYTES(0xff), 1, &value), 1);
	assert_int_equal(value.i, -1);
	assert_int_equal(value__read(TTLOG_TYPE_U8, BYTES(0xff), 1, &value), 1);
	assert_int_equal(value.u, 255);
	assert_int_equal(value__read(TTLOG_TYPE_I16, BYTES(0x00, 0x80), 2, &value), 2);
	assert_int_equal(value.i, INT16_MIN);
	assert_int_equal(value__read(TTLOG_TYPE_U16, BYTES(0x01, 0x80), 2, &value), 2);
	assert_int_equal(value.u, 0x8001);
	assert_int_equal(value__read(TTLOG_TYPE_I32, BYTES(0xfe, 0xff, 0xff, 0xff), 4, &value), 4);
	assert_int_equal(value.i, -2);
	assert_int_equal(value__read(TTLOG_TYPE_U32, BYTES(0xfe, 0xff, 0xff, 0xff), 4, &value), 4);
	assert_int_equal(value.u, 0xfffffffe);
	assert_int_equal(value__read(TTLOG_TYPE_U64, BYTES(8, 7, 6, 5, 4, 3, 2, 1), 8, &value), 8);
	assert_int_equal(value.u, 0x0102030405060708);
	assert_int_equal(value__read(TTLOG_TYPE_CHAR, BYTES(0xe9), 1, &value), 1);
	assert_int_equal(value.u, 0xe9);
	/* any non-zero byte that a broken program stores in a bool is true */
	assert_int_equal(value__read(TTLOG_TYPE_BOOL, BYTES(77), 1, &value), 1);
	assert_int_equal(value.u, 1);
	assert_int_equal(value.type, TTLOG_TYPE_BOOL);
}

static void test_value_reads_floats_and_decimals(void **state)
{
	const float f32 = 0.1f;
	const double f64 = -150.25;
	unsigned char bytes[9];
	struct value value;

	(void)state;
	memcpy(bytes, &f32, sizeof(f32));
	assert_int_equal(value__read(TTLOG_TYPE_F32, bytes, 4, &value), 4);
	assert_true(value.f32 == f32);
	memcpy(bytes, &f64, sizeof(f64));
	assert_int_equal(value__read(TTLOG_TYPE_F64, bytes, 8, &value), 8);
	assert_true(value.f64 == f64);
	/* -15025 * 10^-2 */
	assert_int_equal(value__read(TTLOG_TYPE_DECIMAL,
				     BYTES(0x4f, 0xc5, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2), 9,
				     &value),
			 9);
	assert_int_equal(value.i, -15025);
	assert_int_equal(value.scale, 2);
}

static void test_value_reads_strings(void **state)
{
	static unsigned char longest[2 + TTLOG_STR_MAX];
	struct value value;

	(void)state;
	assert_int_equal(value__read(TTLOG_TYPE_STR, BYTES(3, 0, 'a', 'b', 'c', 'd'), 6, &value),
			 5);
	assert_int_equal(value.len, 3);
	assert_memory_equal(value.bytes, "abc", 3);
	assert_false(value.is_null || value.is_cut);
	assert_int_equal(value__read(TTLOG_TYPE_STR, BYTES(0, 0x80), 2, &value), 2);
	assert_true(value.is_null);
	assert_int_equal(value__read(TTLOG_TYPE_BYTES, BYTES(0, 0), 2, &value), 2);
	assert_false(value.is_null);
	assert_int_equal(value.len, 0);
	longest[0] = 0xa0; /* 4000 = 0x0fa0 */
	longest[1] = 0x4f;
	assert_int_equal(value__read(TTLOG_TYPE_STR, longest, sizeof(longest), &value), 4002);
	assert_true(value.is_cut);
	assert_int_equal(value.len, 4000);
}

static void test_value_refuses_bad_lengths(void **state)
{
	static unsigned char bytes[8192];
	struct value value = { .type = 99 };

	(void)state;
	assert_int_equal(value__read(TTLOG_TYPE_STR, BYTES(1), 1, &value), -EBADMSG);
	assert_int_equal(value__read(TTLOG_TYPE_STR, BYTES(4, 0, 'a', 'b', 'c'), 5, &value),
			 -EBADMSG);
	memcpy(bytes, BYTES(0xa1, 0x0f), 2); /* 4001 */
	assert_int_equal(value__read(TTLOG_TYPE_STR, bytes, sizeof(bytes), &value), -EBADMSG);
	memcpy(bytes, BYTES(1, 0x20), 2); /* a bit without a meaning */
	assert_int_equal(value__read(TTLOG_TYPE_STR, bytes, sizeof(bytes), &value), -EBADMSG);
	memcpy(bytes, BYTES(1, 0x80), 2); /* null, but of length 1 */
	assert_int_equal(value__read(TTLOG_TYPE_STR, bytes, sizeof(bytes), &value), -EBADMSG);
	assert_int_equal(value__read(TTLOG_TYPE_U64, bytes, 7, &value), -EBADMSG);
	assert_int_equal(value__read(TTLOG_TYPE_DECIMAL, bytes, 8, &value), -EBADMSG);
	assert_int_equal(value__read(TTLOG_TYPE_NONE, bytes, 8, &value), -EBADMSG);
	assert_int_equal(value__read(18, bytes, 8, &value), -EBADMSG);
	assert_int_equal(value__read(255, bytes, 8, &value), -EBADMSG);
	assert_int_equal(value.type, 99); /* unchanged in all cases */
}

static void test_value_reads_whole_records(void **state)
{
	static const uint8_t types[] = { TTLOG_TYPE_U8, TTLOG_TYPE_STR, TTLOG_TYPE_I16 };
	/* 7, "hi", -3, one byte of padding */
	const unsigned char bytes[] = { 7, 2, 0, 'h', 'i', 0xfd, 0xff, 0, 0, 0, 0 };
	struct value values[TTLOG_MAX_FIELDS];

	(void)state;
	for (size_t len = 0; len <= sizeof(bytes); len++) {
		bool fits = len >= 7 && len <= 10;
		/* its own allocation, so that a sanitizer notices one byte too many */
		unsigned char *copy = malloc(len + 1);

		assert_non_null(copy);
		memcpy(copy + 1, bytes, len);
		assert_int_equal(value__fits(types, 3, 0, copy + 1, len), fits);
		assert_int_equal(value__read_fields(types, 3, 0, copy + 1, len, values),
				 fits ? 0 : -EBADMSG);
		free(copy);
	}
	assert_int_equal(value__read_fields(types, 3, 0, bytes, 8, values), 0);
	assert_int_equal(values[0].u, 7);
	assert_memory_equal(values[1].bytes, "hi", 2);
	assert_int_equal(values[2].i, -3);
	assert_int_equal(value__read_fields(types, 17, 0, bytes, 8, values), -EBADMSG);
	assert_int_equal(value__read_fields(types, 0, 0, bytes, 3, values), 0);
	assert_int_equal(value__read_fields(types, 0, 0, bytes, 4, values), -EBADMSG);
}

static void test_value_names(void **state)
{
	(void)state;
	assert_string_equal(value__level_name(TTLOG_LEVEL_TRACE), "TRACE");
	assert_string_equal(value__level_name(TTLOG_LEVEL_FATAL), "FATAL");
	assert_null(value__level_name(6));
	assert_int_equal(value__parse_level("warn"), TTLOG_LEVEL_WARN);
	assert_int_equal(value__parse_level("FATAL"), TTLOG_LEVEL_FATAL);
	assert_int_equal(value__parse_level("Trace"), TTLOG_LEVEL_TRACE);
	assert_int_equal(value__parse_level("warning"), -EINVAL);
	assert_int_equal(value__parse_level("inf"), -EINVAL);
	assert_int_equal(value__parse_level(""), -EINVAL);
	assert_string_equal(value__type_name(TTLOG_TYPE_DECIMAL), "decimal");
	assert_null(value__type_name(18));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_value_reads_integers),
		cmocka_unit_test(test_value_reads_floats_and_decimals),
		cmocka_unit_test(test_value_reads_strings),
		cmocka_unit_test(test_value_refuses_bad_lengths),
		cmocka_unit_test(test_value_reads_whole_records),
		cmocka_unit_test(test_value_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
