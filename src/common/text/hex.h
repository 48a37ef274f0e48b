/* SPDX-License-Identifier: MIT */
/* Hexadecimal digits, lower case. */
#ifndef TTLOG_HEX_H
#define TTLOG_HEX_H

#include <stddef.h>
#include <stdint.h>

#include "ttlog/read.h"

#define HEX_DIGITS "0123456789abcdef"

/* Two digits for each byte, without a zero at the end. Returns the end. */
static inline char *hex__bytes(char *to, const void *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		*to++ = HEX_DIGITS[((const unsigned char *)bytes)[i] >> 4];
		*to++ = HEX_DIGITS[((const unsigned char *)bytes)[i] & 15];
	}
	return to;
}

/* Bytes as text, cut to what fits. */
static inline struct ttlog_text hex__text(struct ttlog_text bytes, char *to, size_t size)
{
	size_t len = bytes.len < size / 2 ? bytes.len : size / 2;

	hex__bytes(to, bytes.p, len);
	return (struct ttlog_text){ to, 2 * len };
}

/* How many digits a number has; 0 has one. */
static inline unsigned hex__cnt(uint64_t v)
{
	return v ? (67u - (unsigned)__builtin_clzll(v)) / 4 : 1;
}

/* The last `cnt` digits of a number, with zeros before it. Returns the end. */
static inline char *hex__digits(char *to, uint64_t v, unsigned cnt)
{
	for (unsigned i = cnt; i-- > 0; v >>= 4)
		to[i] = HEX_DIGITS[v & 15];
	return to + cnt;
}

/* The value of a digit of either case; -1: it is none. */
static inline int hex__digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* "0x1f" as a number; false: it is none. */
static inline bool hex__address(struct ttlog_text text, uint64_t *ret)
{
	uint64_t v = 0;

	if (text.len < 3 || text.len > 2 + 16 || text.p[0] != '0' || text.p[1] != 'x')
		return false;
	for (size_t i = 2; i < text.len; i++) {
		int digit = hex__digit(text.p[i]);

		if (digit < 0)
			return false;
		v = v << 4 | (unsigned)digit;
	}
	*ret = v;
	return true;
}

#endif /* TTLOG_HEX_H */
