/* SPDX-License-Identifier: MIT */
/*
 * Writes Protocol Buffers' wire format (protobuf.dev/programming-guides/encoding): a message is its
 * fields one after another, each a number and a value.
 *
 * Inlined, because most numbers of fields are constants: for millions of events, this is most of
 * the work.
 */
#ifndef TTLOG_VIEW_PROTOBUF_H
#define TTLOG_VIEW_PROTOBUF_H

#include "buffer.h"

#define PROTOBUF_VARINT_BYTES 10u

enum protobuf_wire {
	PROTOBUF_VARINT = 0,
	PROTOBUF_FIXED64 = 1,
	PROTOBUF_LEN = 2,
};

/* Returns how many bytes it took. */
static inline size_t protobuf__varint(char *to, uint64_t v)
{
	size_t len = 0;

	for (; v > 0x7f; v >>= 7)
		to[len++] = (char)(v | 0x80);
	to[len++] = (char)v;
	return len;
}

/* For bool, enum and all integer types except zigzag ones; signed ones as two's complement. */
static inline void protobuf__u64(struct buffer *to, unsigned field, uint64_t v)
{
	char *at = buffer__room(to, 2 * PROTOBUF_VARINT_BYTES);
	size_t len;

	if (!at)
		return;
	len = protobuf__varint(at, field << 3 | PROTOBUF_VARINT);
	to->len += len + protobuf__varint(at + len, v);
}

/*
 * Begins an inner message. All that follows belongs to it, up to the close, which gets the result
 * of this. Most are short: one byte is left for the length.
 */
static inline size_t protobuf__open(struct buffer *to, unsigned field)
{
	char *at = buffer__room(to, PROTOBUF_VARINT_BYTES + 1);

	if (at)
		to->len += protobuf__varint(at, field << 3 | PROTOBUF_LEN) + 1;
	return to->len;
}

/* Makes room for a length of more than one byte. */
void protobuf__close_long(struct buffer *to, size_t opened);

static inline void protobuf__close(struct buffer *to, size_t opened)
{
	if (to->len - opened > 0x7f || to->err)
		protobuf__close_long(to, opened);
	else
		to->bytes[opened - 1] = (char)(to->len - opened);
}

void protobuf__double(struct buffer *to, unsigned field, double v);
/* A message of two numbers. */
void protobuf__pair(struct buffer *to, unsigned field, unsigned first, uint64_t a, unsigned second,
		    uint64_t b);
void protobuf__text(struct buffer *to, unsigned field, struct ttlog_text text);

#endif /* TTLOG_VIEW_PROTOBUF_H */
