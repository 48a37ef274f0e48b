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

/* The character at the start of at least one byte, and how many it takes. A byte that begins none is
 * one of its own, above all others. */
uint32_t utf8__char(const unsigned char *bytes, size_t len, size_t *ret_bytes);

#endif /* TTLOG_UTF8_H */
