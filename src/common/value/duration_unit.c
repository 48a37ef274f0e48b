/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "array.h"
#include "duration_unit.h"

#define DIGITS_MAX 64u

/* A unit is times * 10^exponent nanoseconds. Longer names first: ms ends in s. */
static const struct unit {
	const char *name;
	unsigned times;
	int exponent;
} UNITS[] = {
	{ "ns", 1, 0 }, { "us", 1, 3 },   { "ms", 1, 6 },    { "s", 1, 9 },
	{ "m", 60, 9 }, { "h", 3600, 9 }, { "d", 86400, 9 },
};

/* A key may end in one of the first four, which are powers of ten of each other. */
#define KEY_UNITS 4u

static bool ends_in(struct ttlog_text text, const char *end)
{
	size_t len = strlen(end);

	return text.len > len && !memcmp(text.p + text.len - len, end, len);
}

static const struct unit *unit_of_key(struct ttlog_text key)
{
	for (size_t i = 0; i < KEY_UNITS; i++) {
		size_t len = strlen(UNITS[i].name);

		if (ends_in(key, UNITS[i].name) && key.p[key.len - len - 1] == '_')
			return &UNITS[i];
	}
	return &UNITS[0];
}

const char *duration_unit__of_key(struct ttlog_text key)
{
	return unit_of_key(key)->name;
}

/* Decimal digits, most significant first, times a small number. Returns how many digits. */
static size_t multiply(char *digits, size_t len, unsigned times, char *ret)
{
	char reversed[DIGITS_MAX + 8] = "";
	unsigned carry = 0;
	size_t cnt = 0;

	for (size_t i = len; i-- > 0;) {
		carry += (unsigned)(digits[i] - '0') * times;
		reversed[cnt++] = (char)('0' + carry % 10);
		carry /= 10;
	}
	for (; carry; carry /= 10)
		reversed[cnt++] = (char)('0' + carry % 10);
	for (size_t i = 0; i < cnt; i++)
		ret[i] = reversed[cnt - 1 - i];
	return cnt;
}

static const struct unit *unit_of_value(struct ttlog_text text, struct ttlog_text *ret_number)
{
	for (size_t i = 0; i < ARRAY_SIZE(UNITS); i++) {
		if (!ends_in(text, UNITS[i].name))
			continue;
		*ret_number = (struct ttlog_text){ text.p, text.len - strlen(UNITS[i].name) };
		while (ret_number->len && ret_number->p[ret_number->len - 1] == ' ')
			ret_number->len--;
		return &UNITS[i];
	}
	return NULL;
}

uint64_t duration_unit__ns(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(UNITS); i++) {
		uint64_t ns = UNITS[i].times;

		if (strcmp(name, UNITS[i].name))
			continue;
		for (int k = 0; k < UNITS[i].exponent; k++)
			ns *= 10;
		return ns;
	}
	return 0;
}

int duration_unit__parse(struct number *ret, struct ttlog_text text, struct ttlog_text key)
{
	char digits[DIGITS_MAX], scaled[DIGITS_MAX + 48];
	const struct unit *unit;
	struct ttlog_text number;
	size_t len = 0, at = 0, fraction = 0;
	bool point = false;

	unit = unit_of_value(text, &number);
	if (!unit || !number.len || number.len > sizeof(digits))
		return -EINVAL;
	if (number.p[0] == '-' || number.p[0] == '+') {
		scaled[at++] = *number.p++;
		number.len--;
	}
	for (size_t i = 0; i < number.len; i++) {
		if (number.p[i] == '.' && !point) {
			point = true;
			continue;
		}
		if (number.p[i] < '0' || number.p[i] > '9')
			return -EINVAL;
		digits[len++] = number.p[i];
		fraction += point;
	}
	if (!len)
		return -EINVAL;
	at += multiply(digits, len, unit->times, scaled + at);
	at += (size_t)snprintf(scaled + at, sizeof(scaled) - at, "e%d",
			       unit->exponent - unit_of_key(key)->exponent - (int)fraction);
	return number__parse(ret, (struct ttlog_text){ scaled, at });
}
