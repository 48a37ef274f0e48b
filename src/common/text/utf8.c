/* SPDX-License-Identifier: MIT */
/*
 * The well-formed sequences of RFC 3629, section 4: no overlong forms, no surrogates, nothing above
 * U+10FFFF. Eight ASCII bytes at a time, because most strings are ASCII.
 */
#include <string.h>

#include "utf8.h"

#define HIGH_BITS UINT64_C(0x8080808080808080)

/* Length of the well-formed sequence at the start; 0: there is none. */
static size_t sequence_bytes(const unsigned char *at, size_t left)
{
	unsigned char low = 0x80, high = 0xbf; /* of the second byte */
	size_t bytes;

	if (at[0] < 0x80)
		return 1;
	if (at[0] < 0xc2 || at[0] > 0xf4)
		return 0;
	bytes = at[0] < 0xe0 ? 2 : at[0] < 0xf0 ? 3 : 4;
	if (left < bytes)
		return 0;
	if (at[0] == 0xe0)
		low = 0xa0;
	else if (at[0] == 0xed)
		high = 0x9f;
	else if (at[0] == 0xf0)
		low = 0x90;
	else if (at[0] == 0xf4)
		high = 0x8f;
	if (at[1] < low || at[1] > high)
		return 0;
	for (size_t i = 2; i < bytes; i++)
		if ((at[i] & 0xc0) != 0x80)
			return 0;
	return bytes;
}

size_t utf8__valid_bytes(const unsigned char *bytes, size_t len)
{
	size_t at = 0, step;
	uint64_t word;

	while (at < len) {
		if (len - at >= sizeof(word)) {
			memcpy(&word, bytes + at, sizeof(word));
			if (!(word & HIGH_BITS)) {
				at += sizeof(word);
				continue;
			}
		}
		step = sequence_bytes(bytes + at, len - at);
		if (!step)
			break;
		at += step;
	}
	return at;
}

size_t utf8__next(const char *p, const char *end, uint32_t *ret)
{
	const unsigned char *bytes = (const unsigned char *)p;
	const size_t cnt = sequence_bytes(bytes, (size_t)(end - p));
	uint32_t code;

	*ret = UTF8_INVALID;
	if (!cnt)
		return 1;
	code = cnt == 1 ? bytes[0] : bytes[0] & (0x7fu >> cnt);
	for (size_t i = 1; i < cnt; i++)
		code = code << 6 | (bytes[i] & 0x3fu);
	*ret = code;
	return cnt;
}
