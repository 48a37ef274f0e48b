/* SPDX-License-Identifier: MIT */
/*
 * Decimals as SQL has them: text like -150.250, compared and added exactly, whatever their scale.
 */
#ifndef TTLOG_VIEW_SQL_DECIMAL_H
#define TTLOG_VIEW_SQL_DECIMAL_H

#include <ttlog/read.h>

struct sql_decimal {
	bool is_negative;
	const char *digits, *end; /* with or without a point; the first digit is not 0 */
	int point;                /* the value is 0.DIGITS * 10^point; digits == end: zero */
};

/* Returns 0, or -EINVAL if the text is not [+-]DIGITS[.DIGITS][eN]. */
int sql_decimal__parse(struct sql_decimal *ret, struct ttlog_text text);
/* Less than 0, 0 or more. Numbers, [-]Infinity among them, come before all other text, which is
 * compared byte by byte. */
int sql_decimal__collate(struct ttlog_text a, struct ttlog_text b);

/* 255 digits after the point, the most that a decimal field may have, and 45 before. */
#define SQL_DECIMAL_LIMBS    35u
#define SQL_DECIMAL_FRACTION 29u /* limbs after the point */

/* Nine digits a limb, the lowest first. Each limb has its own sign: carrying is put off. */
struct sql_decimal_sum {
	int64_t limbs[SQL_DECIMAL_LIMBS];
	uint32_t uncarried; /* additions since the last carry */
	int scale;          /* the most digits after a point so far */
};

#define SQL_DECIMAL_SUM_BYTES (SQL_DECIMAL_LIMBS * 9 + 4)

/* Returns 0, or -ERANGE: too big, or too many digits after the point. */
int sql_decimal_sum__add(struct sql_decimal_sum *sum, const struct sql_decimal *number);
/* Writes at most SQL_DECIMAL_SUM_BYTES. Returns their number, or -ERANGE. */
int sql_decimal_sum__format(struct sql_decimal_sum *sum, char *to);

#endif /* TTLOG_VIEW_SQL_DECIMAL_H */
