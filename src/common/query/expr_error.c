/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "expr_error.h"

#define SHOWN_BEFORE 40u
#define SHOWN_MAX    72u

int expr_error__set(struct expr_error *error, size_t at, size_t len, const char *format, ...)
{
	va_list args;

	error->at = at;
	error->len = len;
	va_start(args, format);
	vsnprintf(error->why, sizeof(error->why), format, args);
	va_end(args);
	return -EINVAL;
}

static bool is_continuation(char c)
{
	return ((unsigned char)c & 0xc0) == 0x80;
}

/* The start of the character that contains the byte at `at`; no character is longer than four
 * bytes. */
static size_t char_begin(const char *source, size_t at)
{
	for (size_t back = 0; back <= 3 && back <= at; back++) {
		if (!is_continuation(source[at - back]))
			return at - back;
	}
	return at;
}

static void make_harmless(char *p)
{
	for (; *p; p++) {
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			*p = '?';
		/* U+0080 to U+009F are controls, too */
		else if ((unsigned char)*p == 0xc2 && (unsigned char)p[1] >= 0x80 &&
			 (unsigned char)p[1] < 0xa0)
			*p = p[1] = '?';
	}
}

void expr_error__print(const struct expr_error *error, const char *source, char *to, size_t size)
{
	size_t total = strlen(source), at = error->at < total ? error->at : total;
	size_t from = at > SHOWN_BEFORE ? at - SHOWN_BEFORE : 0, end;
	char shown[SHOWN_MAX + 1], why[sizeof(error->why)], line[SHOWN_MAX + 1];
	size_t column = 0, cnt = 0, number = 1;

	from = char_begin(source, from);
	end = total - from > SHOWN_MAX ? char_begin(source, from + SHOWN_MAX) : total;
	memcpy(shown, source + from, end - from);
	shown[end - from] = '\0';
	make_harmless(shown);
	snprintf(why, sizeof(why), "%s", error->why);
	make_harmless(why);
	for (size_t i = 0; i < at; i++) {
		number += !is_continuation(source[i]);
		column += i >= from && !is_continuation(source[i]);
	}
	for (size_t i = at; i < at + error->len && i < end && cnt < SHOWN_MAX; i++) {
		if (!is_continuation(source[i]))
			line[cnt++] = '~';
	}
	cnt += !cnt;
	line[0] = '^';
	line[cnt] = '\0';
	snprintf(to, size, "%s, at character %zu\n  %s%s%s\n  %*s%s", why, number,
		 from ? "..." : "", shown, end < total ? "..." : "", (int)(column + (from ? 3 : 0)),
		 "", line);
}
