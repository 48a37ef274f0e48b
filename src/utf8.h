/* SPDX-License-Identifier: MIT */
/*
 * UTF-8 as RFC 3629 has it: CBOR text must be valid, a program's strings need not be.
 */
#ifndef TTLOG_UTF8_H
#define TTLOG_UTF8_H

#include <stddef.h>

/* How many bytes from the start are valid: len where all are. */
size_t utf8__valid_bytes(const unsigned char *bytes, size_t len);

#endif /* TTLOG_UTF8_H */
