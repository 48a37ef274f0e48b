/* SPDX-License-Identifier: MIT */
/*
 * Columns of a chunk: one field of one site over many events (FORMAT.md, section 5).
 *
 * Each call writes one column in the encoding that is smallest, or that LZ4 makes smallest, of
 * those that give back exactly the same values.
 */
#ifndef TTLOG_COLUMN_OUT_H
#define TTLOG_COLUMN_OUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cbor_out;
struct column_out;
struct value;

/* Scratch memory for columns of up to FORMAT_CHUNK_MAX_EVENTS values. NULL with errno. */
struct column_out *column_out__new(void);
/* NULL is fine. */
void column_out__free(struct column_out *column);

/* cnt of each is 1 to FORMAT_CHUNK_MAX_EVENTS. If memory is short, `out` has the error. */

/* is_signed: two's complement. */
void column_out__ints(struct column_out *column, struct cbor_out *out, const uint64_t *values,
		      size_t cnt, bool is_signed);
/* bits: of doubles; is_float: of floats, in the lower 32. */
void column_out__floats(struct column_out *column, struct cbor_out *out, const uint64_t *bits,
			size_t cnt, bool is_float);
/* All STR or all BYTES. */
void column_out__texts(struct column_out *column, struct cbor_out *out, const struct value *values,
		       size_t cnt);
/* All DECIMAL. */
void column_out__decimals(struct column_out *column, struct cbor_out *out,
			  const struct value *values, size_t cnt);

#endif /* TTLOG_COLUMN_OUT_H */
