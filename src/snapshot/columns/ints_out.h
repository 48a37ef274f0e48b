/* SPDX-License-Identifier: MIT */
/*
 * A column of integers (FORMAT.md, section 5): a constant, an array, differences, or packed bits.
 */
#ifndef TTLOG_INTS_OUT_H
#define TTLOG_INTS_OUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cbor_out;

struct int_shape {
	bool is_const;
	bool is_step;            /* all differences are equal */
	unsigned int bytes, tag; /* of the narrowest array */
	unsigned int bits;       /* of the values less `min` */
	uint64_t min;
	unsigned int delta_bytes, delta_tag; /* of the differences, of which the first is 0 */
	unsigned int delta_bits;
	int64_t delta_min;
};

/* So many values show whether LZ4 finds repetitions. */
#define INTS_OUT_TRIAL_CNT 8192u

/* Scratch memory. */
struct ints_out {
	unsigned char bytes[INTS_OUT_TRIAL_CNT * 8];
	char packed[INTS_OUT_TRIAL_CNT * 8];
};

/* Bytes of the narrowest unsigned typed array, and its tag. */
unsigned int ints_out__width(uint64_t max, unsigned int *ret_tag);

/* cnt is 1 or more. is_signed: two's complement. */
struct int_shape int_shape__of(const uint64_t *values, size_t cnt, bool is_signed);
/* Whether these integers take less than a typed array of so many bytes an element. */
bool int_shape__is_narrower(const struct int_shape *shape, size_t cnt, unsigned int bytes);

void ints_out__put(struct ints_out *ints, struct cbor_out *out, const struct int_shape *shape,
		   const uint64_t *values, size_t cnt, bool is_signed);
/* The lower `bytes` bytes of each value as a typed array. */
void ints_out__put_array(struct cbor_out *out, const uint64_t *values, size_t cnt,
			 unsigned int bytes, unsigned int tag);

#endif /* TTLOG_INTS_OUT_H */
