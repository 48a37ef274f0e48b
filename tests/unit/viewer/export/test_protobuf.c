/* SPDX-License-Identifier: MIT */
/* Bytes of protobuf's wire format, by the examples of its documentation; buffers that grow. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "protobuf.h"

static void assert_bytes(const struct buffer *buffer, const char *bytes, size_t len)
{
	assert_int_equal(buffer->err, 0);
	assert_int_equal(buffer->len, len);
	assert_memory_equal(buffer->bytes, bytes, len);
}

#define ASSERT_BYTES(buffer, literal) assert_bytes(buffer, literal, sizeof(literal) - 1)

static void test_protobuf_integers(void **state)
{
	struct buffer to = { .len = 0 };

	(void)state;
	/* 1: 150 */
	protobuf__u64(&to, 1, 150);
	/* 60: 127, 128 and -1, which takes ten bytes */
	protobuf__u64(&to, 60, 127);
	protobuf__u64(&to, 60, 128);
	protobuf__u64(&to, 2, (uint64_t)-1);
	ASSERT_BYTES(&to, "\x08\x96\x01"
			  "\xe0\x03\x7f"
			  "\xe0\x03\x80\x01"
			  "\x10\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01");
	buffer__fini(&to);
}

static void test_protobuf_double_and_text(void **state)
{
	struct buffer to = { .len = 0 };

	(void)state;
	protobuf__double(&to, 5, -0.5);
	/* 2: {"testing"}, and bytes that are no text: a NUL, half a character */
	protobuf__text(&to, 2, ttlog_text_of("testing"));
	protobuf__text(&to, 2, (struct ttlog_text){ "a\0\xc3", 3 });
	protobuf__text(&to, 2, (struct ttlog_text){ NULL, 0 });
	ASSERT_BYTES(&to, "\x29\0\0\0\0\0\0\xe0\xbf"
			  "\x12\x07testing"
			  "\x12\x07"
			  "a\xe2\x90\x80\xef\xbf\xbd"
			  "\x12\0");
	buffer__fini(&to);
}

/* The length takes one, two or three bytes, as it needs. */
static void test_protobuf_messages(void **state)
{
	static const size_t LENS[] = { 0, 127, 128, 16383, 16384, 100000 };

	(void)state;
	for (size_t i = 0; i < sizeof(LENS) / sizeof(LENS[0]); i++) {
		struct buffer to = { .len = 0 };
		size_t outer = protobuf__open(&to, 3), inner = protobuf__open(&to, 4), at = 0;
		char head[2 * (1 + PROTOBUF_VARINT_BYTES)], length[PROTOBUF_VARINT_BYTES];

		for (size_t k = 0; k < LENS[i]; k++)
			buffer__byte(&to, (unsigned char)k);
		protobuf__close(&to, inner);
		protobuf__u64(&to, 1, 5);
		protobuf__close(&to, outer);
		head[at++] = 0x1a;
		at += protobuf__varint(head + at,
				       1 + protobuf__varint(length, LENS[i]) + LENS[i] + 2);
		head[at++] = 0x22;
		at += protobuf__varint(head + at, LENS[i]);
		assert_int_equal(to.err, 0);
		assert_int_equal(to.len, at + LENS[i] + 2);
		assert_memory_equal(to.bytes, head, at);
		for (size_t k = 0; k < LENS[i]; k++)
			assert_int_equal((unsigned char)to.bytes[at + k], k & 0xff);
		assert_memory_equal(to.bytes + at + LENS[i], "\x08\x05", 2);
		buffer__fini(&to);
	}
}

/* A buffer with an error takes nothing more, and does not crash. */
static void test_protobuf_no_memory(void **state)
{
	struct buffer to = { .err = -12 };
	size_t opened;

	(void)state;
	opened = protobuf__open(&to, 1);
	protobuf__u64(&to, 1, 1);
	protobuf__double(&to, 1, 1);
	protobuf__text(&to, 1, ttlog_text_of("x"));
	protobuf__close(&to, opened);
	assert_int_equal(to.len, 0);
	assert_null(to.bytes);
	buffer__fini(&to);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_protobuf_integers),
		cmocka_unit_test(test_protobuf_double_and_text),
		cmocka_unit_test(test_protobuf_messages),
		cmocka_unit_test(test_protobuf_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
