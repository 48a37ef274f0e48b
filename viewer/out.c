/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "out.h"

#define NS_PER_S   1000000000u
#define DIGITS_MAX 20u

int out__init(struct out *out, int fd)
{
	*out = (struct out){ .fd = fd, .second = UINT64_MAX };
	out->buf = malloc(OUT_BYTES);
	return out->buf ? 0 : -ENOMEM;
}

void out__fini(struct out *out)
{
	free(out->buf);
	out->buf = NULL;
}

static void write_all(struct out *out, const char *p, size_t len)
{
	while (len && !out->err) {
		ssize_t done = write(out->fd, p, len);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0) {
			out->err = -errno;
			return;
		}
		p += done;
		len -= (size_t)done;
	}
}

int out__flush(struct out *out)
{
	write_all(out, out->buf, out->len);
	out->len = 0;
	return out->err;
}

void out__bytes_slow(struct out *out, const char *p, size_t len)
{
	(void)out__flush(out);
	if (len > OUT_BYTES)
		write_all(out, p, len);
	else
		out__bytes(out, p, len);
}

/* Room for `len` bytes in a row; the caller adds what it used to out->len. */
static char *reserve(struct out *out, size_t len)
{
	if (len > OUT_BYTES - out->len)
		out__flush(out);
	return out->buf + out->len;
}

void out__pad(struct out *out, size_t cnt)
{
	while (cnt--)
		out__char(out, ' ');
}

void out__format(struct out *out, const char *format, ...)
{
	char text[512];
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (len > 0)
		out__bytes(out, text, (size_t)len < sizeof(text) ? (size_t)len : sizeof(text) - 1);
}

/* ---- Integers ---- */

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

void out__u64(struct out *out, uint64_t v)
{
	out->len += format__u64(reserve(out, DIGITS_MAX), v);
}

void out__i64(struct out *out, int64_t v)
{
	if (v < 0)
		out__char(out, '-');
	out__u64(out, v < 0 ? -(uint64_t)v : (uint64_t)v);
}

void out__grouped(struct out *out, uint64_t v)
{
	char digits[DIGITS_MAX];
	size_t len = format__u64(digits, v);

	for (size_t i = 0; i < len; i++) {
		if (i && (len - i) % 3 == 0)
			out__char(out, ',');
		out__char(out, digits[i]);
	}
}

void out__hex(struct out *out, uint64_t v)
{
	char digits[16];
	size_t at = sizeof(digits);

	do {
		digits[--at] = "0123456789abcdef"[v & 15];
		v >>= 4;
	} while (v);
	out__bytes(out, "0x", 2);
	out__bytes(out, digits + at, sizeof(digits) - at);
}

/* ---- Time ---- */

static void two_digits(char *to, unsigned v)
{
	to[0] = (char)('0' + v / 10 % 10);
	to[1] = (char)('0' + v % 10);
}

/* Howard Hinnant's days-to-civil, for days since 1970. */
static void format_date(char *to, uint64_t second)
{
	uint64_t days = second / 86400 + 719468, rest = second % 86400;
	uint64_t era = days / 146097;
	unsigned day_of_era = (unsigned)(days - era * 146097);
	unsigned year_of_era =
		(day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
	unsigned day_of_year =
		day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	unsigned shifted = (5 * day_of_year + 2) / 153;
	unsigned day = day_of_year - (153 * shifted + 2) / 5 + 1;
	unsigned month = shifted < 10 ? shifted + 3 : shifted - 9;
	unsigned year = (unsigned)(year_of_era + era * 400) + (month <= 2);

	memcpy(to, "yyyy-mm-ddThh:mm:ss.", 20);
	two_digits(to, year / 100);
	two_digits(to + 2, year % 100);
	two_digits(to + 5, month);
	two_digits(to + 8, day);
	two_digits(to + 11, (unsigned)(rest / 3600));
	two_digits(to + 14, (unsigned)(rest / 60 % 60));
	two_digits(to + 17, (unsigned)(rest % 60));
}

void out__time(struct out *out, uint64_t real_ns)
{
	uint64_t second = real_ns / NS_PER_S;
	uint32_t ns = (uint32_t)(real_ns % NS_PER_S);
	char *to = reserve(out, sizeof(out->date) + 10);

	if (second != out->second) {
		format_date(out->date, second);
		out->second = second;
	}
	memcpy(to, out->date, sizeof(out->date));
	to += sizeof(out->date);
	for (int i = 8; i >= 0; i--) {
		to[i] = (char)('0' + ns % 10);
		ns /= 10;
	}
	to[9] = 'Z';
	out->len += sizeof(out->date) + 10;
}

void out__duration(struct out *out, uint64_t ns)
{
	if (ns < 1000)
		out__format(out, "%luns", (unsigned long)ns);
	else if (ns < 1000000)
		out__format(out, "%.3fus", (double)ns / 1e3);
	else if (ns < NS_PER_S)
		out__format(out, "%.3fms", (double)ns / 1e6);
	else if (ns < 60ull * NS_PER_S)
		out__format(out, "%.3fs", (double)ns / 1e9);
	else if (ns < 3600ull * NS_PER_S)
		out__format(out, "%lum%.3fs", (unsigned long)(ns / (60ull * NS_PER_S)),
			    (double)(ns % (60ull * NS_PER_S)) / 1e9);
	else
		out__format(out, "%luh%lum%lus", (unsigned long)(ns / (3600ull * NS_PER_S)),
			    (unsigned long)(ns / (60ull * NS_PER_S) % 60),
			    (unsigned long)(ns / NS_PER_S % 60));
}

/* ---- Decimals and floating point ---- */

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

/* Lays digits out as Python's repr: v = 0.DIGITS * 10^point, no zero at either end. */
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

/* The digits that printf gives, at the first precision that reads back as the same value. */
static size_t format_searched(char *to, double v, bool is_f32)
{
	char text[40], digits[24];
	int len = 0, exponent = 0;

	/* 15 digits (6) always read back, so no shorter text hides; but not near zero, where numbers are
	 * far apart. */
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
 * Most numbers that people log have few decimals. Where units / 10^k gives exactly v (one division
 * of two exact numbers, correctly rounded) and units has at most 15 digits (6 for a float), no
 * other text that short reads back as v: these are the digits.
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
