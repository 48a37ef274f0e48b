/* SPDX-License-Identifier: MIT */
/*
 * Globs over text of any bytes. fnmatch(3) needs zero-terminated strings, and takes exponential
 * time for some patterns. Characters are those of UTF-8; an invalid byte counts as one, too.
 */
#include "glob.h"
#include "utf8.h"

/* An invalid byte becomes a character above all others. */
#define BEYOND_ALL 0x110000u

/* Takes the character at *at, and moves past it. */
static uint32_t take(struct ttlog_text text, size_t *at)
{
	const char *p = text.p + *at;
	uint32_t c;

	*at += utf8__next(p, text.p + text.len, &c);
	return c == UTF8_INVALID ? BEYOND_ALL + (unsigned char)*p : c;
}

/* Matches brackets, from after the opening one; moves *at past the closing one. */
static bool match_bracket(struct ttlog_text pattern, size_t *at, uint32_t c)
{
	size_t i = *at, next;
	bool negate, hit = false;

	negate = i < pattern.len && (pattern.p[i] == '!' || pattern.p[i] == '^');
	i += negate;
	/* a bracket at the start means itself */
	for (bool first = true; i < pattern.len && (first || pattern.p[i] != ']'); first = false) {
		uint32_t low = take(pattern, &i), high = low;

		next = i + 1;
		if (next < pattern.len && pattern.p[i] == '-' && pattern.p[next] != ']') {
			high = take(pattern, &next);
			i = next;
		}
		hit = hit || (c >= low && c <= high);
	}
	*at = i < pattern.len ? i + 1 : i;
	return hit != negate;
}

/* As match_one(), for a special character of the pattern, or one that is not ASCII. */
static bool match_special(struct ttlog_text pattern, size_t *at, uint32_t c)
{
	const char *p = pattern.p + *at;
	const size_t left = pattern.len - *at;

	if (*p == '?') {
		++*at;
		return true;
	}
	if (*p == '[' && memchr(p + 1, ']', left - 1)) {
		++*at;
		return match_bracket(pattern, at, c);
	}
	if (*p == '\\' && left > 1)
		++*at;
	return take(pattern, at) == c;
}

/* Matches one character of the text with one of the pattern, not a star; moves past both. */
static inline bool match_one(struct ttlog_text pattern, size_t *at, struct ttlog_text text,
			     size_t *text_at)
{
	const unsigned char byte = (unsigned char)pattern.p[*at];

	if (byte >= 0x80 || byte == '?' || byte == '[' || byte == '\\')
		return match_special(pattern, at, take(text, text_at));
	/* ASCII, which nearly all text is, needs no decoding */
	++*at;
	return (unsigned char)text.p[(*text_at)++] == byte;
}

bool glob__match(struct ttlog_text pattern, struct ttlog_text text)
{
	size_t p = 0, t = 0, star = SIZE_MAX, star_t = 0;

	while (t < text.len) {
		size_t next_p = p, next_t = t;

		if (p < pattern.len && pattern.p[p] == '*') {
			star = p++;
			star_t = t;
		} else if (p < pattern.len && match_one(pattern, &next_p, text, &next_t)) {
			p = next_p;
			t = next_t;
		} else if (star != SIZE_MAX) {
			/* only the last star needs another try */
			p = star + 1;
			if ((unsigned char)text.p[star_t] < 0x80)
				star_t++;
			else
				(void)take(text, &star_t);
			t = star_t;
		} else {
			return false;
		}
	}
	while (p < pattern.len && pattern.p[p] == '*')
		p++;
	return p == pattern.len;
}
