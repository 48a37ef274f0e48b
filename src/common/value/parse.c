/* SPDX-License-Identifier: MIT */
/* Values of options, whichever option has them. */
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "ascii.h"
#include "duration_unit.h"
#include "parse.h"

#define FRACTION_DIGITS_MAX 9

/*
 * A decimal number with an optional fraction, times its unit. Parts of the smallest unit are
 * dropped, unless nothing is left.
 */
static int scale(uint64_t whole, uint64_t fraction, uint64_t divisor, uint64_t factor,
		 uint64_t *ret_value)
{
	unsigned __int128 value = (unsigned __int128)whole * factor;

	value += (unsigned __int128)fraction * factor / divisor;
	if (value > UINT64_MAX)
		return -ERANGE;
	if (!value && (whole || fraction))
		return -ERANGE;
	*ret_value = (uint64_t)value;
	return 0;
}

static int parse_number(const char *text, uint64_t *ret_whole, uint64_t *ret_fraction,
			uint64_t *ret_divisor, const char **ret_end)
{
	uint64_t whole = 0, fraction = 0, divisor = 1;
	int digits = 0;

	if (!isdigit((unsigned char)*text))
		return -EINVAL;
	for (; isdigit((unsigned char)*text); text++) {
		uint64_t digit = (uint64_t)(*text - '0');

		if (__builtin_mul_overflow(whole, 10, &whole) ||
		    __builtin_add_overflow(whole, digit, &whole))
			return -ERANGE;
	}
	if (*text == '.') {
		for (text++; isdigit((unsigned char)*text); text++, digits++) {
			if (digits == FRACTION_DIGITS_MAX)
				return -ERANGE;
			fraction = fraction * 10 + (uint64_t)(*text - '0');
			divisor *= 10;
		}
		if (!digits)
			return -EINVAL;
	}
	*ret_whole = whole;
	*ret_fraction = fraction;
	*ret_divisor = divisor;
	*ret_end = text;
	return 0;
}

int parse__size(const char *text, uint64_t *ret_bytes)
{
	static const char units[] = "KMGT";
	uint64_t whole, fraction, divisor, factor = 1;
	const char *end, *unit = NULL;
	int err;

	err = parse_number(text, &whole, &fraction, &divisor, &end);
	if (err)
		return err;
	if (*end)
		unit = strchr(units, ascii__upper(*end));
	if (unit) {
		factor = 1ull << (10 * (unit - units + 1));
		end++;
		if (ascii__is_alike(end, "iB"))
			end += 2;
	}
	if (ascii__is_alike(end, "B"))
		end++;
	if (*end)
		return -EINVAL;
	return scale(whole, fraction, divisor, factor, ret_bytes);
}

int parse__duration(const char *text, uint64_t *ret_ns)
{
	uint64_t whole, fraction, divisor, unit_ns;
	const char *end;
	int err;

	err = parse_number(text, &whole, &fraction, &divisor, &end);
	if (err)
		return err;
	/* no option takes days */
	unit_ns = strcmp(end, "d") ? duration_unit__ns(*end ? end : "s") : 0;
	return unit_ns ? scale(whole, fraction, divisor, unit_ns, ret_ns) : -EINVAL;
}

static int parse_pid(const char **text, pid_t *ret_pid)
{
	uint64_t pid = 0;

	if (!isdigit((unsigned char)**text))
		return -EINVAL;
	for (; isdigit((unsigned char)**text); ++*text) {
		pid = pid * 10 + (uint64_t)(**text - '0');
		if (pid > INT_MAX)
			return -ERANGE;
	}
	if (!pid)
		return -EINVAL;
	*ret_pid = (pid_t)pid;
	return 0;
}

static bool contains(const pid_t *pids, size_t cnt, pid_t pid)
{
	for (size_t i = 0; i < cnt; i++) {
		if (pids[i] == pid)
			return true;
	}
	return false;
}

int parse__pids(const char *text, pid_t **pids, size_t *cnt)
{
	/* no more pids than half the characters, rounded up */
	pid_t *all = reallocarray(*pids, *cnt + strlen(text) / 2 + 1, sizeof(*all));
	size_t all_cnt = *cnt;

	if (!all)
		return -ENOMEM;
	*pids = all;
	for (;;) {
		pid_t pid;
		int err = parse_pid(&text, &pid);

		if (err)
			return err;
		if (!contains(all, all_cnt, pid))
			all[all_cnt++] = pid;
		if (!*text)
			break;
		if (*text++ != ',')
			return -EINVAL;
	}
	*cnt = all_cnt;
	return 0;
}
