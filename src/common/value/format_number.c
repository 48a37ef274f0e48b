/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "format_number.h"

#define DIGITS_MAX 20u /* of a u64 */

size_t format__u64(char *to, uint64_t v)
{
	static const char PAIRS[] = "00010203040506070809101112131415161718192021222324"
				    "25262728293031323334353637383940414243444546474849"
				    "50515253545556575859606162636465666768697071727374"
				    "75767778798081828384858687888990919293949596979899";
	char digits[DIGITS_MAX];
	char *p = digits + DIGITS_MAX;
	size_t len;

	while (v >= 100) {
		p -= 2;
		memcpy(p, PAIRS + v % 100 * 2, 2);
		v /= 100;
	}
	if (v >= 10) {
		p -= 2;
		memcpy(p, PAIRS + v * 2, 2);
	} else {
		*--p = (char)('0' + v);
	}
	len = (size_t)(digits + DIGITS_MAX - p);
	memcpy(to, p, len);
	return len;
}

size_t format__decimal(char *to, int64_t units, uint8_t scale)
{
	char digits[DIGITS_MAX], *p = to;
	size_t len = format__u64(digits, units < 0 ? -(uint64_t)units : (uint64_t)units);

	if (units < 0)
		*p++ = '-';
	if (len > scale) {
		memcpy(p, digits, len - scale);
		p += len - scale;
	} else {
		*p++ = '0';
	}
	if (!scale)
		return (size_t)(p - to);
	*p++ = '.';
	if (len < scale) {
		memset(p, '0', scale - len);
		p += scale - len;
		memcpy(p, digits, len);
		p += len;
	} else {
		memcpy(p, digits + len - scale, scale);
		p += scale;
	}
	return (size_t)(p - to);
}

static size_t format_special(char *to, double v)
{
	const char *name = isnan(v) ? "NaN" : v > 0 ? "Infinity" : "-Infinity";
	size_t len = strlen(name);

	memcpy(to, name, len);
	return len;
}

/* Writes v = 0.DIGITS * 10^point as Python's repr() does. The digits have no zero at either end. */
static size_t lay_out(char *to, bool negative, const char *digits, int len, int point)
{
	char *p = to;

	if (negative)
		*p++ = '-';
	if (point > 16 || point <= -4) {
		*p++ = digits[0];
		if (len > 1) {
			*p++ = '.';
			memcpy(p, digits + 1, (size_t)len - 1);
			p += len - 1;
		}
		return (size_t)(p - to) + (size_t)sprintf(p, "e%+03d", point - 1);
	}
	if (point <= 0) {
		memcpy(p, "0.", 2);
		p += 2;
		memset(p, '0', (size_t)-point);
		p += -point;
		memcpy(p, digits, (size_t)len);
		return (size_t)(p - to) + (size_t)len;
	}
	for (int i = 0; i < len || i < point; i++) {
		if (i == point)
			*p++ = '.';
		*p++ = i < len ? digits[i] : '0';
	}
	if (len <= point) {
		memcpy(p, ".0", 2);
		p += 2;
	}
	return (size_t)(p - to);
}

/* Takes the digits of printf(), with the first precision that reads back as the same value. */
static size_t format_searched(char *to, double v, bool is_f32)
{
	char text[40], digits[24];
	int len = 0, exponent = 0;

	/* Starts with 15 digits (6 for a float), which always read back; so the zeros cut below
	 * give the shortest text. Not so near zero, where numbers are far apart. */
	int precision = is_f32 ? (fabs(v) < 1.2e-38 ? 0 : 5) : (fabs(v) < 2.3e-308 ? 0 : 14);

	for (; precision <= 16; precision++) {
		snprintf(text, sizeof(text), "%.*e", precision, fabs(v));
		if (is_f32 ? strtof(text, NULL) == (float)fabs(v) : strtod(text, NULL) == fabs(v))
			break;
	}
	for (const char *p = text; *p; p++) {
		if (*p >= '0' && *p <= '9') {
			digits[len++] = *p;
		} else if (*p == 'e') {
			exponent = atoi(p + 1);
			break;
		}
	}
	while (len > 1 && digits[len - 1] == '0')
		len--;
	return lay_out(to, signbit(v), digits, len, exponent + 1);
}

/*
 * Most logged numbers have few decimals. If units / 10^k is exactly v (one division of two exact
 * numbers, correctly rounded), and units has at most 15 digits (6 for a float), then no other text
 * of that length reads back as v: these are the digits.
 */
static size_t format_short(char *to, double v, bool is_f32)
{
	static const double POWERS[] = { 1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6 };
	double limit = is_f32 ? 1e6 : 1e15;

	for (unsigned k = 0; k < sizeof(POWERS) / sizeof(POWERS[0]); k++) {
		double units = nearbyint(v * POWERS[k]);
		size_t len;

		if (!(fabs(units) < limit))
			return 0;
		if (is_f32 ? (float)units / (float)POWERS[k] != (float)v : units / POWERS[k] != v)
			continue;
		if (fabs(v) < 1e-4)
			return 0; /* written with an exponent */
		len = format__decimal(to, (int64_t)units, (uint8_t)k);
		if (!k) {
			memcpy(to + len, ".0", 2);
			len += 2;
		}
		return len;
	}
	return 0;
}

static size_t format_real(char *to, double v, bool is_f32)
{
	size_t len;

	if (!isfinite(v))
		return format_special(to, v);
	if (!v) {
		len = signbit(v) ? 4 : 3;
		memcpy(to, signbit(v) ? "-0.0" : "0.0", len);
		return len;
	}
	len = format_short(to, v, is_f32);
	return len ? len : format_searched(to, v, is_f32);
}

size_t format__f64(char *to, double v)
{
	return format_real(to, v, false);
}

size_t format__f32(char *to, float v)
{
	return format_real(to, (double)v, true);
}
