/* SPDX-License-Identifier: MIT */
/*
 * The values of fields in records (include/ttlog/abi.h), and the names of types and levels. The
 * bytes come from a program's memory and are hostile: every length is checked.
 */
#ifndef TTLOG_VALUE_H
#define TTLOG_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ttlog/abi.h"

struct value {
	uint8_t type;  /* enum ttlog_type */
	bool is_null;  /* STR, BYTES; any type, if its field is nullable */
	bool is_cut;   /* STR, BYTES: the program had more */
	uint8_t scale; /* DECIMAL */
	uint32_t len;  /* STR, BYTES */
	union {
		uint64_t u; /* BOOL (0 or 1), CHAR (0 to 255), unsigned types, PTR, HEX */
		int64_t i;  /* signed types; DECIMAL: the units */
		float f32;
		double f64;
		const unsigned char *bytes; /* STR, BYTES: in the record, not terminated */
	};
};

/* The bytes of a type in a record; 0 for STR and BYTES, whose length varies, and for unknown
 * types. */
size_t value__fixed_bytes(uint8_t type);
bool value__is_signed(uint8_t type);

/* Reads a value of that type from the start of `left` bytes. Returns how many bytes it has, or
 * -EBADMSG: they are no such value. */
int value__read(uint8_t type, const void *bytes, size_t left, struct value *ret_value);

/* A nullable field begins with this byte: 0, and no value follows, or 1. */
#define VALUE_NULL_BYTES 1u

/* How many of `left` bytes a field of a record has, with the byte of one that is nullable; or
 * -EBADMSG. */
int value__measure(uint8_t type, bool is_nullable, const unsigned char *at, size_t left);

/*
 * Reads the fields of a record, the `len` bytes after struct ttlog_record. nullable: a bit for each
 * field that is. 0, or -EBADMSG: they are not exactly values of these types and less than
 * TTLOG_RECORD_ALIGN bytes of padding.
 */
int value__read_fields(const uint8_t *types, size_t nfields, uint32_t nullable, const void *bytes,
		       size_t len, struct value ret_values[TTLOG_MAX_FIELDS]);

/* Whether value__read_fields() would succeed. */
bool value__fits(const uint8_t *types, size_t nfields, uint32_t nullable, const void *bytes,
		 size_t len);

/* The names in FORMAT.md: "INFO", "u64"; NULL: no such number. */
const char *value__level_name(unsigned int level);
const char *value__type_name(unsigned int type);

/* By name, in any case. The number, or -EINVAL. */
int value__parse_level(const char *name);

#endif /* TTLOG_VALUE_H */
