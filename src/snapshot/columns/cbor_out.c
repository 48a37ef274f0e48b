/* SPDX-License-Identifier: MIT */
/*
 * libcbor's streaming encoders into a buffer that grows by doubling.
 */
#include <cbor.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "cbor_out.h"
#include "utf8.h"

#define FIRST_BYTES 4096u
#define MAX_BYTES   (SIZE_MAX / 4) /* at once: there is never so much memory */
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

/* Where the next bytes go; NULL: memory is short, or was before. */
static unsigned char *reserve(struct cbor_out *out, size_t bytes)
{
	const size_t wanted = out->len + bytes;

	if (out->error)
		return NULL;
	if (out->capacity - out->len >= bytes)
		return out->bytes + out->len;
	if (bytes > MAX_BYTES)
		out->error = -ENOMEM;
	else
		out->error = array__reserve(out->bytes, wanted < FIRST_BYTES ? FIRST_BYTES : wanted,
					    &out->capacity);
	return out->error ? NULL : out->bytes + out->len;
}

static void put_raw(struct cbor_out *out, const void *bytes, size_t len)
{
	unsigned char *at = reserve(out, len);

	if (!at || !len)
		return;
	memcpy(at, bytes, len);
	out->len += len;
}

/* encode: a function of libcbor that writes the head of an item. */
#define PUT_HEAD(out, encode, value)                                                               \
	do {                                                                                       \
		unsigned char *at_ = reserve(out, HEAD_BYTES);                                     \
                                                                                                   \
		if (at_)                                                                           \
			(out)->len += encode(value, at_, HEAD_BYTES);                              \
	} while (0)

void cbor_out__uint(struct cbor_out *out, uint64_t value)
{
	PUT_HEAD(out, cbor_encode_uint, value);
}

void cbor_out__int(struct cbor_out *out, int64_t value)
{
	if (value < 0)
		PUT_HEAD(out, cbor_encode_negint, ~(uint64_t)value);
	else
		PUT_HEAD(out, cbor_encode_uint, (uint64_t)value);
}

void cbor_out__null(struct cbor_out *out)
{
	PUT_HEAD(out, cbor_encode_ctrl, CBOR_CTRL_NULL);
}

void cbor_out__bool(struct cbor_out *out, bool value)
{
	PUT_HEAD(out, cbor_encode_bool, value);
}

void cbor_out__single(struct cbor_out *out, float value)
{
	PUT_HEAD(out, cbor_encode_single, value);
}

void cbor_out__double(struct cbor_out *out, double value)
{
	PUT_HEAD(out, cbor_encode_double, value);
}

void cbor_out__array(struct cbor_out *out, size_t cnt)
{
	PUT_HEAD(out, cbor_encode_array_start, cnt);
}

void cbor_out__map(struct cbor_out *out, size_t cnt)
{
	PUT_HEAD(out, cbor_encode_map_start, cnt);
}

static void put_text(struct cbor_out *out, const void *text, size_t len)
{
	PUT_HEAD(out, cbor_encode_string_start, len);
	put_raw(out, text, len);
}

void cbor_out__bytes(struct cbor_out *out, const void *bytes, size_t len)
{
	PUT_HEAD(out, cbor_encode_bytestring_start, len);
	put_raw(out, bytes, len);
}

void cbor_out__text_or_bytes(struct cbor_out *out, const void *text, size_t len)
{
	if (utf8__valid_bytes(text, len) == len)
		put_text(out, text, len);
	else
		cbor_out__bytes(out, text, len);
}

static void put_valid_text(struct cbor_out *out, const char *text, size_t left)
{
	const unsigned char *from = (const unsigned char *)text;
	size_t len = 0, invalid = 0, valid;

	for (; len < left; len += len < left) {
		len += utf8__valid_bytes(from + len, left - len);
		invalid += len < left;
	}
	PUT_HEAD(out, cbor_encode_string_start, left + invalid * (strlen(REPLACEMENT) - 1));
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

void cbor_out__text(struct cbor_out *out, const char *text)
{
	put_valid_text(out, text, strlen(text));
}

void cbor_out__cut_text(struct cbor_out *out, const char *text, size_t max_bytes)
{
	size_t len = strlen(text);

	if (len > max_bytes) {
		for (len = max_bytes; len && ((unsigned char)text[len] & 0xc0) == 0x80;)
			len--;
	}
	put_valid_text(out, text, len);
}

void cbor_out__hex_text(struct cbor_out *out, uint64_t value)
{
	char text[2 + 16 + 1];

	(void)snprintf(text, sizeof(text), "0x%llx", (unsigned long long)value);
	put_text(out, text, strlen(text));
}

void *cbor_out__byte_array(struct cbor_out *out, size_t bytes)
{
	unsigned char *at;

	PUT_HEAD(out, cbor_encode_bytestring_start, bytes);
	at = reserve(out, bytes);
	if (at)
		out->len += bytes;
	return at;
}

void *cbor_out__typed_array(struct cbor_out *out, unsigned int tag, size_t bytes)
{
	/* all of it or nothing */
	if (!reserve(out, 2 * HEAD_BYTES + bytes))
		return NULL;
	PUT_HEAD(out, cbor_encode_tag, tag);
	return cbor_out__byte_array(out, bytes);
}

void cbor_out__append(struct cbor_out *out, const struct cbor_out *other)
{
	if (other->error && !out->error)
		out->error = other->error;
	put_raw(out, other->bytes, other->len);
}

struct cbor_out *cbor_map__key(struct cbor_map *map, const char *name)
{
	map->cnt++;
	cbor_out__text(&map->body, name);
	return &map->body;
}

void cbor_map__text(struct cbor_map *map, const char *name, const char *text)
{
	if (text && *text)
		cbor_out__text(cbor_map__key(map, name), text);
}

void cbor_map__uint(struct cbor_map *map, const char *name, uint64_t value)
{
	cbor_out__uint(cbor_map__key(map, name), value);
}

void cbor_map__comm(struct cbor_map *map, const char *name, const char comm[16])
{
	char text[17] = { 0 };

	memcpy(text, comm, 16);
	cbor_out__text(cbor_map__key(map, name), text);
}

void cbor_map__end(struct cbor_map *map, struct cbor_out *out)
{
	cbor_out__map(out, map->cnt);
	cbor_out__append(out, &map->body);
	cbor_out__fini(&map->body);
	map->cnt = 0;
}
