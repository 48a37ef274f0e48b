/* SPDX-License-Identifier: MIT */
/*
 * libcbor's streaming encoders into a buffer that grows by doubling.
 */
#include <cbor.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cbor_out.h"
#include "utf8.h"

#define FIRST_BYTES 4096u
#define HEAD_BYTES  9u             /* the longest head of an item: its type and 64 bits */
#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */

void cbor_out__fini(struct cbor_out *out)
{
	free(out->bytes);
	*out = (struct cbor_out){ 0 };
}

void cbor_out__reset(struct cbor_out *out)
{
	out->len = 0;
	out->error = 0;
}

/* Where the next bytes go; NULL where memory is short, now or before. */
static unsigned char *reserve(struct cbor_out *out, size_t bytes)
{
	size_t capacity = out->capacity ? out->capacity : FIRST_BYTES;
	unsigned char *grown;

	if (out->error)
		return NULL;
	if (out->capacity - out->len >= bytes)
		return out->bytes + out->len;
	while (capacity - out->len < bytes) {
		if (capacity > SIZE_MAX / 2)
			goto no_memory;
		capacity *= 2;
	}
	grown = realloc(out->bytes, capacity);
	if (!grown)
		goto no_memory;
	out->bytes = grown;
	out->capacity = capacity;
	return out->bytes + out->len;

no_memory:
	out->error = -ENOMEM;
	return NULL;
}

static void put_raw(struct cbor_out *out, const void *bytes, size_t len)
{
	unsigned char *at = reserve(out, len);

	if (!at || !len)
		return;
	memcpy(at, bytes, len);
	out->len += len;
}

void cbor_out__uint(struct cbor_out *out, uint64_t value)
{
	unsigned char *at = reserve(out, HEAD_BYTES);

	if (at)
		out->len += cbor_encode_uint(value, at, HEAD_BYTES);
}

void cbor_out__int(struct cbor_out *out, int64_t value)
{
	unsigned char *at = reserve(out, HEAD_BYTES);

	if (!at)
		return;
	if (value < 0)
		out->len += cbor_encode_negint(~(uint64_t)value, at, HEAD_BYTES);
	else
		out->len += cbor_encode_uint((uint64_t)value, at, HEAD_BYTES);
}

void cbor_out__null(struct cbor_out *out)
{
	unsigned char *at = reserve(out, HEAD_BYTES);

	if (at)
		out->len += cbor_encode_null(at, HEAD_BYTES);
}

void cbor_out__bool(struct cbor_out *out, bool value)
{
	unsigned char *at = reserve(out, HEAD_BYTES);

	if (at)
		out->len += cbor_encode_bool(value, at, HEAD_BYTES);
}

void cbor_out__single(struct cbor_out *out, float value)
{
	unsigned char *at = reserve(out, HEAD_BYTES);

	if (at)
		out->len += cbor_encode_single(value, at, HEAD_BYTES);
}

void cbor_out__double(struct cbor_out *out, double value)
{
	unsigned char *at = reserve(out, HEAD_BYTES);

	if (at)
		out->len += cbor_encode_double(value, at, HEAD_BYTES);
}

void cbor_out__array(struct cbor_out *out, size_t cnt)
{
	unsigned char *at = reserve(out, HEAD_BYTES);

	if (at)
		out->len += cbor_encode_array_start(cnt, at, HEAD_BYTES);
}

void cbor_out__map(struct cbor_out *out, size_t cnt)
{
	unsigned char *at = reserve(out, HEAD_BYTES);

	if (at)
		out->len += cbor_encode_map_start(cnt, at, HEAD_BYTES);
}

static void put_text(struct cbor_out *out, const void *text, size_t len)
{
	unsigned char *at = reserve(out, HEAD_BYTES + len);

	if (!at)
		return;
	out->len += cbor_encode_string_start(len, at, HEAD_BYTES);
	put_raw(out, text, len);
}

void cbor_out__bytes(struct cbor_out *out, const void *bytes, size_t len)
{
	unsigned char *at = reserve(out, HEAD_BYTES + len);

	if (!at)
		return;
	out->len += cbor_encode_bytestring_start(len, at, HEAD_BYTES);
	put_raw(out, bytes, len);
}

void cbor_out__text_or_bytes(struct cbor_out *out, const void *text, size_t len)
{
	if (utf8__valid_bytes(text, len) == len)
		put_text(out, text, len);
	else
		cbor_out__bytes(out, text, len);
}

void cbor_out__text(struct cbor_out *out, const char *text)
{
	const unsigned char *from = (const unsigned char *)text;
	size_t left = strlen(text), len = 0, invalid = 0, valid;
	unsigned char *at;

	for (; len < left; len += len < left) {
		len += utf8__valid_bytes(from + len, left - len);
		invalid += len < left;
	}
	len = left + invalid * (strlen(REPLACEMENT) - 1);
	at = reserve(out, HEAD_BYTES + len);
	if (!at)
		return;
	out->len += cbor_encode_string_start(len, at, HEAD_BYTES);
	while (left) {
		valid = utf8__valid_bytes(from, left);
		put_raw(out, from, valid);
		if (valid < left) {
			put_raw(out, REPLACEMENT, strlen(REPLACEMENT));
			valid++;
		}
		from += valid;
		left -= valid;
	}
}

void cbor_out__hex_text(struct cbor_out *out, uint64_t value)
{
	char text[2 + 16 + 1];

	(void)snprintf(text, sizeof(text), "0x%llx", (unsigned long long)value);
	put_text(out, text, strlen(text));
}

void *cbor_out__byte_array(struct cbor_out *out, size_t bytes)
{
	unsigned char *at = reserve(out, HEAD_BYTES + bytes);

	if (!at)
		return NULL;
	out->len += cbor_encode_bytestring_start(bytes, at, HEAD_BYTES);
	at = out->bytes + out->len;
	out->len += bytes;
	return at;
}

void *cbor_out__typed_array(struct cbor_out *out, unsigned int tag, size_t bytes)
{
	unsigned char *at = reserve(out, 2 * HEAD_BYTES + bytes);

	if (!at)
		return NULL;
	out->len += cbor_encode_tag(tag, at, HEAD_BYTES);
	return cbor_out__byte_array(out, bytes);
}

void cbor_out__append(struct cbor_out *out, const struct cbor_out *other)
{
	if (other->error && !out->error)
		out->error = other->error;
	put_raw(out, other->bytes, other->len);
}
