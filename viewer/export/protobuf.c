/* SPDX-License-Identifier: MIT */
#include "protobuf.h"

void protobuf__double(struct buffer *to, unsigned field, double v)
{
	char *at = buffer__room(to, PROTOBUF_VARINT_BYTES + sizeof(v));
	uint64_t bits;
	size_t len;

	if (!at)
		return;
	memcpy(&bits, &v, sizeof(bits));
	len = protobuf__varint(at, field << 3 | PROTOBUF_FIXED64);
	for (unsigned i = 0; i < sizeof(bits); i++)
		at[len++] = (char)(bits >> 8 * i);
	to->len += len;
}

void protobuf__text(struct buffer *to, unsigned field, struct ttlog_text text)
{
	size_t opened = protobuf__open(to, field);

	buffer__text(to, text);
	protobuf__close(to, opened);
}

void protobuf__close_long(struct buffer *to, size_t opened)
{
	char length[PROTOBUF_VARINT_BYTES];
	size_t len = to->len - opened, more;

	more = protobuf__varint(length, len) - 1;
	if (to->err || !buffer__room(to, more))
		return;
	memmove(to->bytes + opened + more, to->bytes + opened, len);
	memcpy(to->bytes + opened - 1, length, more + 1);
	to->len += more;
}

void protobuf__pair(struct buffer *to, unsigned field, unsigned first, uint64_t a, unsigned second,
		    uint64_t b)
{
	size_t opened = protobuf__open(to, field);

	protobuf__u64(to, first, a);
	protobuf__u64(to, second, b);
	protobuf__close(to, opened);
}
