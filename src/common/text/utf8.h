/* SPDX-License-Identifier: MIT */
/*
 * UTF-8 as RFC 3629 has it: CBOR text must be valid, a program's strings need not be.
 */
#ifndef TTLOG_UTF8_H
#define TTLOG_UTF8_H

#include <stddef.h>
#include <stdint.h>

/* How many bytes from the start are valid: len where all are. */
size_t utf8__valid_bytes(const unsigned char *bytes, size_t len);

#define UTF8_INVALID UINT32_MAX

/* The character at p, which is before `end`. Returns its length, and its code point in ret; for a
 * byte that begins no character 1, and UTF8_INVALID. */
size_t utf8__next(const char *p, const char *end, uint32_t *ret);

#endif /* TTLOG_UTF8_H */
