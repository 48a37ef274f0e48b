/* SPDX-License-Identifier: MIT */
/*
 * A field's value as outputs and expressions see it, whatever it was read from. Text is not
 * zero-terminated and may hold any byte; who made the value says how long it is valid.
 */
#ifndef TTLOG_FIELD_H
#define TTLOG_FIELD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "ttlog/abi.h"

struct text {
	const char *p;
	size_t len;
};

static inline struct text text_of(const char *zero_terminated)
{
	return (struct text){ zero_terminated, strlen(zero_terminated) };
}

static inline bool text_equal(struct text a, struct text b)
{
	return a.len == b.len && (!a.len || !memcmp(a.p, b.p, a.len));
}

static inline bool text_is(struct text a, const char *zero_terminated)
{
	return text_equal(a, text_of(zero_terminated));
}

/* A field's value; which member holds it is by type. */
struct event_field {
	uint8_t type; /* enum ttlog_type; TTLOG_TYPE_NONE: it could not be decoded */
	bool null;
	bool cut;      /* STR, BYTES: the program's value was longer */
	uint8_t scale; /* DECIMAL: u units * 10^-scale */
	union {
		uint64_t u;       /* BOOL, CHAR, U8..U64, PTR, HEX */
		int64_t i;        /* I8..I64, DECIMAL */
		double d;         /* F32 (exactly a float), F64 */
		struct text text; /* STR, BYTES */
	};
};

/* A field's value as filters and groups see it: the text of a str, 150.25, true, 0x1f.
 * `buf` (FORMAT_NUMBER_BYTES) holds what is not text already; bytes are given as they are. */
struct text event_field__text(const struct event_field *field, char *buf);

/* Bytes as their hexadecimal text, which is what the outputs show; cut to what fits. */
struct text event_field__hex(struct text bytes, char *to, size_t size);

#endif /* TTLOG_FIELD_H */
