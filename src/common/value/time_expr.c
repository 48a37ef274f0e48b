/* SPDX-License-Identifier: MIT */
#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>

#include "duration_unit.h"
#include "time_expr.h"

#define NS_PER_S   1000000000ull
#define NS_PER_DAY (86400 * NS_PER_S)

/* Exactly `cnt` digits. */
static bool digits(const char **p, unsigned cnt, unsigned *ret)
{
	unsigned v = 0;

	for (unsigned i = 0; i < cnt; i++) {
		if (!isdigit((unsigned char)(*p)[i]))
			return false;
		v = v * 10 + (unsigned)((*p)[i] - '0');
	}
	*p += cnt;
	*ret = v;
	return true;
}

static bool skip(const char **p, char c)
{
	if (**p != c)
		return false;
	(*p)++;
	return true;
}

/* ".5" as nanoseconds; digits after the ninth are dropped. */
static bool fraction(const char **p, uint64_t *ret)
{
	uint64_t unit = NS_PER_S / 10, ns = 0;

	*ret = 0;
	if (!skip(p, '.'))
		return true;
	if (!isdigit((unsigned char)**p))
		return false;
	for (; isdigit((unsigned char)**p); (*p)++) {
		ns += unit * (uint64_t)(**p - '0');
		unit /= 10;
	}
	*ret = ns;
	return true;
}

static bool parse_date(const char **p, uint64_t *ret_ns)
{
	unsigned year, month, day;
	struct tm date;
	time_t second;

	if (!digits(p, 4, &year) || !skip(p, '-') || !digits(p, 2, &month) || !skip(p, '-') ||
	    !digits(p, 2, &day))
		return false;
	date = (struct tm){
		.tm_year = (int)year - 1900,
		.tm_mon = (int)month - 1,
		.tm_mday = (int)day,
	};
	/* Makes 1 March of 29 February where there is none. */
	second = timegm(&date);
	/* Nanoseconds since 1970 in 64 bits end in 2554. */
	if (year < 1970 || year > 2553 || date.tm_mon != (int)month - 1 || date.tm_mday != (int)day)
		return false;
	*ret_ns = (uint64_t)second * NS_PER_S;
	return true;
}

/* HH:MM[:SS[.f]]; a leap second's 60 is the next second. */
static bool parse_time(const char **p, uint64_t *ret_ns)
{
	unsigned hour, minute, second = 0;
	uint64_t ns = 0;

	if (!digits(p, 2, &hour) || !skip(p, ':') || !digits(p, 2, &minute))
		return false;
	if (skip(p, ':') && (!digits(p, 2, &second) || !fraction(p, &ns)))
		return false;
	if (hour > 23 || minute > 59 || second > 60)
		return false;
	*ret_ns = (hour * 3600ull + minute * 60ull + second) * NS_PER_S + ns;
	return true;
}

/* No zone, Z, +01:00, or in the form of date(1) and journalctl(1): +0100, +01. */
static bool parse_zone(const char **p, int64_t *ret_ns)
{
	unsigned hour, minute = 0;
	char sign = **p;

	*ret_ns = 0;
	if (!sign)
		return true;
	(*p)++;
	if (sign == 'Z' || sign == 'z')
		return true;
	if ((sign != '+' && sign != '-') || !digits(p, 2, &hour))
		return false;
	if ((skip(p, ':') || **p) && !digits(p, 2, &minute))
		return false;
	if (hour > 23 || minute > 59)
		return false;
	*ret_ns = (int64_t)((hour * 3600ull + minute * 60ull) * NS_PER_S) * (sign == '-' ? -1 : 1);
	return true;
}

static bool parse_absolute(const char *p, uint64_t *ret_ns)
{
	uint64_t date, time = 0;
	int64_t zone;

	if (!parse_date(&p, &date))
		return false;
	if (*p && (!strchr("Tt ", *p++) || !parse_time(&p, &time)))
		return false;
	if (!parse_zone(&p, &zone) || *p)
		return false;
	if (zone > 0 && date + time < (uint64_t)zone)
		return false;
	*ret_ns = date + time - (uint64_t)zone;
	return true;
}

static bool whole(const char **p, uint64_t max, uint64_t *ret)
{
	uint64_t v = 0;

	if (!isdigit((unsigned char)**p))
		return false;
	for (; isdigit((unsigned char)**p); (*p)++) {
		v = v * 10 + (uint64_t)(**p - '0');
		if (v > max)
			return false;
	}
	*ret = v;
	return true;
}

static bool parse_epoch(const char *p, uint64_t *ret_ns)
{
	uint64_t second, ns;

	if (!whole(&p, UINT64_MAX / NS_PER_S - 1, &second) || !fraction(&p, &ns) || *p)
		return false;
	*ret_ns = second * NS_PER_S + ns;
	return true;
}

static bool parse_span(const char *p, uint64_t *ret_ns)
{
	uint64_t cnt, billionths, unit_ns;

	if (!whole(&p, UINT64_MAX / 16, &cnt) || !fraction(&p, &billionths))
		return false;
	unit_ns = duration_unit__ns(*p ? p : "s");
	if (!unit_ns || cnt > UINT64_MAX / unit_ns - 1)
		return false;
	*ret_ns = cnt * unit_ns + (uint64_t)((unsigned __int128)billionths * unit_ns / NS_PER_S);
	return true;
}

int time_expr__parse(struct time_expr *ret, const char *text)
{
	struct time_expr time = { .kind = TIME_EXPR_ABSOLUTE };
	const char *p = text;

	if (*p == '@') {
		if (!parse_epoch(p + 1, &time.ns))
			return -EINVAL;
	} else if (*p == '-') {
		time.kind = TIME_EXPR_BEFORE_LAST;
		if (!parse_span(p + 1, &time.ns))
			return -EINVAL;
	} else if (strlen(p) > 2 && p[2] == ':') {
		time.kind = TIME_EXPR_TIME_OF_DAY;
		if (!parse_time(&p, &time.ns) || (*p && strcmp(p, "Z")))
			return -EINVAL;
	} else if (!parse_absolute(p, &time.ns)) {
		return -EINVAL;
	}
	*ret = time;
	return 0;
}

uint64_t time_expr__resolve(const struct time_expr *time, uint64_t last_ns)
{
	switch (time->kind) {
	case TIME_EXPR_TIME_OF_DAY:
		return last_ns / NS_PER_DAY * NS_PER_DAY + time->ns;
	case TIME_EXPR_BEFORE_LAST:
		return last_ns > time->ns ? last_ns - time->ns : 0;
	default:
		return time->ns;
	}
}
