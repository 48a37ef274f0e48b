/* SPDX-License-Identifier: MIT */
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <string.h>

#include "field.h"
#include "sql_decimal.h"

#define LIMB         1000000000
#define LIMB_DIGITS  9
#define MAX_EXPONENT 100000

/* Parses [eN] up to the end. */
static int parse_exponent(const char *p, const char *end, int *ret)
{
	bool is_negative = false;
	int exponent = 0;

	if (p == end) {
		*ret = 0;
		return 0;
	}
	if (*p != 'e' && *p != 'E')
		return -EINVAL;
	p++;
	if (p < end && (*p == '+' || *p == '-'))
		is_negative = *p++ == '-';
	if (p == end)
		return -EINVAL;
	for (; p < end && isdigit((unsigned char)*p); p++) {
		if (exponent < MAX_EXPONENT)
			exponent = exponent * 10 + (*p - '0');
	}
	*ret = is_negative ? -exponent : exponent;
	return p == end ? 0 : -EINVAL;
}

int sql_decimal__parse(struct sql_decimal *ret, struct ttlog_text text)
{
	const char *p = text.p, *end = ttlog_text_end(text), *begin, *point = NULL;
	struct sql_decimal number = { .is_negative = false };
	int exponent, digit_cnt = 0;

	if (p < end && (*p == '+' || *p == '-'))
		number.is_negative = *p++ == '-';
	begin = p;
	for (; p < end && (isdigit((unsigned char)*p) || (*p == '.' && !point)); p++) {
		if (*p == '.')
			point = p;
		else
			digit_cnt++;
	}
	if (!digit_cnt || digit_cnt > MAX_EXPONENT || parse_exponent(p, end, &exponent))
		return -EINVAL;
	number.end = p;
	if (!point)
		point = p;
	number.digits = begin;
	while (number.digits < number.end && (*number.digits == '0' || *number.digits == '.'))
		number.digits++;
	number.point = (int)(point - number.digits) + (number.digits > point) + exponent;
	*ret = number;
	return 0;
}

/* The next digit; 0 after the last one. */
static int next_digit(const char **p, const char *end)
{
	if (*p < end && **p == '.')
		(*p)++;
	return *p < end ? *(*p)++ - '0' : 0;
}

static int compare(const struct sql_decimal *a, const struct sql_decimal *b)
{
	const bool a_is_zero = a->digits == a->end, b_is_zero = b->digits == b->end;
	const char *p = a->digits, *q = b->digits;
	int sign = a->is_negative ? -1 : 1;

	if (a_is_zero || b_is_zero) {
		if (a_is_zero && b_is_zero)
			return 0;
		return a_is_zero ? (b->is_negative ? 1 : -1) : sign;
	}
	if (a->is_negative != b->is_negative)
		return sign;
	if (a->point != b->point)
		return a->point < b->point ? -sign : sign;
	while (p < a->end || q < b->end) {
		int apart = next_digit(&p, a->end) - next_digit(&q, b->end);

		if (apart)
			return apart < 0 ? -sign : sign;
	}
	return 0;
}

/* Infinity, as fields show it and as SQLite shows 9e999. */
static int parse_infinity(struct sql_decimal *ret, struct ttlog_text text)
{
	static const char ONE[] = "1";
	const bool is_negative = text.len && *text.p == '-';

	if (is_negative)
		text = (struct ttlog_text){ text.p + 1, text.len - 1 };
	if (!ttlog_text_is(text, "Infinity") && !ttlog_text_is(text, "Inf"))
		return -EINVAL;
	*ret = (struct sql_decimal){
		.is_negative = is_negative,
		.digits = ONE,
		.end = ONE + 1,
		.point = INT_MAX,
	};
	return 0;
}

static int parse_any(struct sql_decimal *ret, struct ttlog_text text)
{
	return sql_decimal__parse(ret, text) ? parse_infinity(ret, text) : 0;
}

int sql_decimal__collate(struct ttlog_text a, struct ttlog_text b)
{
	struct sql_decimal x, y;
	int a_err = parse_any(&x, a), b_err = parse_any(&y, b);

	if (!a_err && !b_err)
		return compare(&x, &y);
	if (a_err && b_err)
		return event_field__order(a, b);
	return a_err ? 1 : -1;
}

/* ---- Sums ---- */

static void carry(struct sql_decimal_sum *sum)
{
	for (size_t i = 0; i + 1 < SQL_DECIMAL_LIMBS; i++) {
		int64_t over = sum->limbs[i] / LIMB;

		sum->limbs[i] -= over * LIMB;
		sum->limbs[i + 1] += over;
	}
	sum->uncarried = 0;
}

int sql_decimal_sum__add(struct sql_decimal_sum *sum, const struct sql_decimal *number)
{
	static const int POWERS[LIMB_DIGITS] = { 1,      10,      100,      1000,     10000,
						 100000, 1000000, 10000000, 100000000 };
	/* the first digit's place, counted from the lowest one */
	int place = (int)SQL_DECIMAL_FRACTION * LIMB_DIGITS + number->point - 1;
	const char *p = number->digits;
	int scale = -number->point;

	for (const char *q = number->digits; q < number->end; q++)
		scale += *q != '.';
	/* A zero has a scale, too. */
	if (scale > (int)SQL_DECIMAL_FRACTION * LIMB_DIGITS ||
	    (p < number->end && place >= (int)(SQL_DECIMAL_LIMBS - 1) * LIMB_DIGITS))
		return -ERANGE;
	if (scale > sum->scale)
		sum->scale = scale;
	for (; p < number->end; place--) {
		int64_t digit = (int64_t)next_digit(&p, number->end) * POWERS[place % LIMB_DIGITS];

		sum->limbs[place / LIMB_DIGITS] += number->is_negative ? -digit : digit;
	}
	if (++sum->uncarried == LIMB)
		carry(sum);
	return 0;
}

/* Gives all limbs one sign, and returns it. */
static bool settle(struct sql_decimal_sum *sum)
{
	size_t top = SQL_DECIMAL_LIMBS;
	bool is_negative;

	carry(sum);
	while (top && !sum->limbs[top - 1])
		top--;
	is_negative = top && sum->limbs[top - 1] < 0;
	for (size_t i = 0; is_negative && i < top; i++)
		sum->limbs[i] = -sum->limbs[i];
	for (size_t i = 0; i + 1 < top; i++) {
		if (sum->limbs[i] < 0) {
			sum->limbs[i] += LIMB;
			sum->limbs[i + 1]--;
		}
	}
	return is_negative;
}

int sql_decimal_sum__format(struct sql_decimal_sum *sum, char *to)
{
	struct sql_decimal_sum settled = *sum;
	bool is_negative = settle(&settled);
	char digits[SQL_DECIMAL_LIMBS * LIMB_DIGITS], *p = to;
	const size_t whole = (SQL_DECIMAL_LIMBS - SQL_DECIMAL_FRACTION) * LIMB_DIGITS;
	size_t from = 0;

	if (settled.limbs[SQL_DECIMAL_LIMBS - 1] >= LIMB)
		return -ERANGE;
	for (size_t i = 0; i < SQL_DECIMAL_LIMBS; i++) {
		int64_t limb = settled.limbs[SQL_DECIMAL_LIMBS - 1 - i];

		for (size_t k = LIMB_DIGITS; k-- > 0; limb /= 10)
			digits[i * LIMB_DIGITS + k] = (char)('0' + limb % 10);
	}
	while (from + 1 < whole && digits[from] == '0')
		from++;
	if (is_negative)
		*p++ = '-';
	memcpy(p, digits + from, whole - from);
	p += whole - from;
	if (sum->scale > 0) {
		*p++ = '.';
		memcpy(p, digits + whole, (size_t)sum->scale);
		p += sum->scale;
	}
	return (int)(p - to);
}
