/* SPDX-License-Identifier: MIT */
/*
 * UTF-8 (RFC 3629). CBOR text must be valid; a program's strings may be invalid.
 */
#ifndef TTLOG_UTF8_H
#define TTLOG_UTF8_H

#include <stddef.h>
#include <stdint.h>

/* How many bytes from the start are valid; len: all. */
size_t utf8__valid_bytes(const unsigned char *bytes, size_t len);

#define UTF8_INVALID UINT32_MAX

/* The character at p, which is before `end`. Returns its length; ret is its code point. If the byte
 * starts no character, returns 1, and ret is UTF8_INVALID. */
size_t utf8__next(const char *p, const char *end, uint32_t *ret);

#endif /* TTLOG_UTF8_H */
