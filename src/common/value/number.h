/* SPDX-License-Identifier: MIT */
/*
 * A number from text, compared exactly with values of any type: 18446744073709551615 is not
 * 18446744073709551616, and 150.25 equals the decimal 150.250.
 */
#ifndef TTLOG_NUMBER_H
#define TTLOG_NUMBER_H

#include <stdbool.h>
#include <stdint.h>

#include "ttlog/read.h"

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
	/* For integers: the largest integer not above it, clamped to +-2^100; and whether the
	 * number is greater than that. */
	__int128 floor;
	bool above_floor;
};

/* Decimal with fraction and exponent, 0x hexadecimal, NaN, Infinity, -Infinity.
 * Returns 0, or -EINVAL: the text is no number, or has too many digits. */
int number__parse(struct number *ret, struct ttlog_text text);

/* Compares a field's value with the number: -1, 0 or 1 in ret. Returns 0, or -EINVAL: one is a NaN,
 * or the value is no number. Bool counts as 0 and 1, char as no number. */
int number__compare(const struct number *number, const struct ttlog_field *field, int *ret);

#endif /* TTLOG_NUMBER_H */
