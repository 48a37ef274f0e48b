/* SPDX-License-Identifier: MIT */
/*
 * A number as someone wrote it, compared exactly with values of any type: 18446744073709551615 is
 * not 18446744073709551616, and 150.25 is the decimal 150.250.
 */
#ifndef TTLOG_NUMBER_H
#define TTLOG_NUMBER_H

#include <stdbool.h>
#include <stdint.h>

#include "field.h"

#define NUMBER_MAX_DIGITS 320u

struct number {
	bool negative;
	bool is_nan;
	bool is_infinite;
	/* 0.DIGITS * 10^point; no zero at either end; len 0 is zero */
	char digits[NUMBER_MAX_DIGITS];
	unsigned len;
	int point;
	double f64; /* the nearest */
	float f32;
	/* For integers: the largest integer not above it, held within +-2^100, and whether it is
	 * more. */
	__int128 floor;
	bool above_floor;
};

/* Decimal with fraction and exponent, 0x hexadecimal, NaN, Infinity, -Infinity.
 * Returns 0, or -EINVAL where the text is no number (or has too many digits). */
int number__parse(struct number *ret, struct ttlog_text text);

/* Compares a field's value with the number: -1, 0 or 1 in ret. Returns 0, or -EINVAL where there is
 * no order: a NaN, or a value that is no number. Bool counts as 0 and 1, char as no number. */
int number__compare(const struct number *number, const struct ttlog_field *field, int *ret);

/* The same for a plain unsigned number. */
int number__compare_u64(const struct number *number, uint64_t v, int *ret);

#endif /* TTLOG_NUMBER_H */
