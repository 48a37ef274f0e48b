/* SPDX-License-Identifier: MIT */
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ascii.h"
#include "number.h"
#include "format_number.h"

#define MAX_EXPONENT 100000
#define FLOOR_LIMIT  ((__int128)1 << 100)

static int parse_hex(struct number *number, const char *p)
{
	char *end;
	unsigned long long v;

	errno = 0;
	v = strtoull(p, &end, 16);
	if (!isxdigit((unsigned char)*p) || *end || errno)
		return -EINVAL;
	number->len = (unsigned)format__u64(number->digits, v);
	number->point = (int)number->len;
	return 0;
}

static int parse_digits(struct number *number, const char *p)
{
	bool any = false, fraction = false;

	for (; isdigit((unsigned char)*p) || (*p == '.' && !fraction); p++) {
		if (*p == '.') {
			fraction = true;
			continue;
		}
		any = true;
		number->point += !fraction;
		if (!number->len && *p == '0') {
			number->point--;
			continue;
		}
		if (number->len == NUMBER_MAX_DIGITS)
			return -EINVAL;
		number->digits[number->len++] = *p;
	}
	if (!any)
		return -EINVAL;
	if (*p == 'e' || *p == 'E') {
		char *end;
		long exponent = strtol(p + 1, &end, 10);

		if (end == p + 1 || isspace((unsigned char)p[1]) || labs(exponent) > MAX_EXPONENT)
			return -EINVAL;
		number->point += (int)exponent;
		p = end;
	}
	return *p ? -EINVAL : 0;
}

static void normalise(struct number *number)
{
	while (number->len && number->digits[number->len - 1] == '0')
		number->len--;
	if (!number->len) {
		number->point = 0;
		number->negative = false;
	}
}

/* The text has no point, which in some locales strtod() does not know. */
static void set_floats(struct number *number)
{
	char text[NUMBER_MAX_DIGITS + 32];

	snprintf(text, sizeof(text), "%s%.*se%d", number->negative ? "-" : "", (int)number->len,
		 number->digits, number->point - (int)number->len);
	number->f64 = number->len ? strtod(text, NULL) : 0;
	number->f32 = number->len ? strtof(text, NULL) : 0;
}

static void set_floor(struct number *number)
{
	__int128 whole = 0;
	bool above = number->point < (int)number->len;

	if (number->point > 30) {
		number->floor = number->negative ? -FLOOR_LIMIT : FLOOR_LIMIT;
		return;
	}
	for (int i = 0; i < number->point; i++)
		whole = whole * 10 + (i < (int)number->len ? number->digits[i] - '0' : 0);
	number->above_floor = above;
	number->floor = number->negative ? -whole - above : whole;
}

int number__parse(struct number *ret, struct ttlog_text text)
{
	struct number number = { .negative = false };
	char buf[NUMBER_MAX_DIGITS + 32];
	const char *p = buf;
	int err;

	if (!text.len || text.len >= sizeof(buf))
		return -EINVAL;
	memcpy(buf, text.p, text.len);
	buf[text.len] = '\0';
	if (strlen(buf) != text.len)
		return -EINVAL;
	if (*p == '-' || *p == '+')
		number.negative = *p++ == '-';
	if (ascii__is_alike(p, "nan") || ascii__is_alike(p, "infinity") ||
	    ascii__is_alike(p, "inf")) {
		number.is_nan = ascii__lower(*p) == 'n';
		number.is_infinite = !number.is_nan;
		number.f64 = number.is_nan ? (double)NAN : number.negative ? -HUGE_VAL : HUGE_VAL;
		number.f32 = (float)number.f64;
		number.floor = number.negative ? -FLOOR_LIMIT : FLOOR_LIMIT;
		*ret = number;
		return 0;
	}
	err = p[0] == '0' && (p[1] == 'x' || p[1] == 'X') ? parse_hex(&number, p + 2)
							  : parse_digits(&number, p);
	if (err)
		return err;
	normalise(&number);
	set_floats(&number);
	set_floor(&number);
	*ret = number;
	return 0;
}

static int compare_int(const struct number *number, __int128 v)
{
	if (v != number->floor)
		return v < number->floor ? -1 : 1;
	return number->above_floor ? -1 : 0;
}

/* `nearest`: the number in the value's type. It counts as equal, because 0.1 in a program is that.
 * But a number does not equal infinity or zero only because these are nearest. */
static int compare_real(const struct number *number, double v, double nearest, int *ret)
{
	if (isnan(v))
		return -EINVAL;
	if (isinf(v) && !number->is_infinite)
		*ret = v < 0 ? -1 : 1;
	else if (v == 0 && number->len)
		*ret = number->negative ? 1 : -1;
	else if (v == nearest)
		*ret = 0;
	else
		*ret = v < number->f64 ? -1 : 1;
	return 0;
}

/* Compares magnitudes, 0.DIGITS * 10^point. */
static int compare_magnitude(const char *a, unsigned a_len, int a_point, const struct number *b)
{
	unsigned common = a_len < b->len ? a_len : b->len;
	int order;

	if (!a_len || !b->len)
		return (a_len > 0) - (b->len > 0);
	if (a_point != b->point)
		return a_point < b->point ? -1 : 1;
	order = memcmp(a, b->digits, common);
	if (order)
		return order < 0 ? -1 : 1;
	return (a_len > b->len) - (a_len < b->len);
}

static int compare_decimal(const struct number *number, int64_t units, uint8_t scale)
{
	char digits[24];
	bool negative = units < 0;
	unsigned len = (unsigned)format__u64(digits, negative ? -(uint64_t)units : (uint64_t)units);
	int point = (int)len - scale, order;

	if (number->is_infinite)
		return number->negative ? 1 : -1;
	while (len && digits[len - 1] == '0')
		len--;
	if (len && negative != number->negative)
		return negative ? -1 : 1;
	if (!len && number->len)
		return number->negative ? 1 : -1;
	order = compare_magnitude(digits, len, point, number);
	return negative ? -order : order;
}

int number__compare(const struct number *number, const struct ttlog_field *field, int *ret)
{
	if (field->null || number->is_nan)
		return -EINVAL;
	switch (field->type) {
	case TTLOG_TYPE_I8:
	case TTLOG_TYPE_I16:
	case TTLOG_TYPE_I32:
	case TTLOG_TYPE_I64:
		*ret = compare_int(number, field->i);
		return 0;
	case TTLOG_TYPE_BOOL:
		*ret = compare_int(number, field->u != 0);
		return 0;
	case TTLOG_TYPE_U8:
	case TTLOG_TYPE_U16:
	case TTLOG_TYPE_U32:
	case TTLOG_TYPE_U64:
	case TTLOG_TYPE_PTR:
	case TTLOG_TYPE_HEX:
		*ret = compare_int(number, (__int128)field->u);
		return 0;
	case TTLOG_TYPE_F32:
		return compare_real(number, field->d, (double)number->f32, ret);
	case TTLOG_TYPE_F64:
		return compare_real(number, field->d, number->f64, ret);
	case TTLOG_TYPE_DECIMAL:
		*ret = compare_decimal(number, field->i, field->scale);
		return 0;
	default:
		return -EINVAL;
	}
}
