/* SPDX-License-Identifier: MIT */
/*
 * Decimals as SQL has them: text like -150.250, compared and added exactly, whatever their scale.
 */
#ifndef TTLOG_VIEW_SQL_DECIMAL_H
#define TTLOG_VIEW_SQL_DECIMAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ttlog/read.h>

struct sql_decimal {
	bool is_negative;
	const char *digits, *end; /* with a point among them, or none; no zero at the begin */
	int point;                /* the value is 0.DIGITS * 10^point; digits == end: zero */
};

/* Returns 0, or -EINVAL where the text is no number: [+-]DIGITS[.DIGITS][eN]. */
int sql_decimal__parse(struct sql_decimal *ret, struct ttlog_text text);
/* Less than 0, 0 or more. Numbers, [-]Infinity among them, come before all other text, which is
 * compared byte by byte. */
int sql_decimal__collate(struct ttlog_text a, struct ttlog_text b);

/* 255 digits behind the point, as many as a decimal field may have, and 45 before. */
#define SQL_DECIMAL_LIMBS    35u
#define SQL_DECIMAL_FRACTION 29u /* limbs behind the point */

/* Nine digits a limb, the lowest first, each with the sign of its own: carries wait for the end. */
struct sql_decimal_sum {
	int64_t limbs[SQL_DECIMAL_LIMBS];
	uint32_t uncarried; /* so many were added since carries were last made */
	int scale;          /* the most digits behind a point that were added */
};

#define SQL_DECIMAL_SUM_BYTES (SQL_DECIMAL_LIMBS * 9 + 4)

/* Returns 0, or -ERANGE where it is too big, or has too many digits behind its point. */
int sql_decimal_sum__add(struct sql_decimal_sum *sum, const struct sql_decimal *number);
/* Writes at most SQL_DECIMAL_SUM_BYTES; returns how many, or -ERANGE. */
int sql_decimal_sum__format(struct sql_decimal_sum *sum, char *to);

#endif /* TTLOG_VIEW_SQL_DECIMAL_H */
