/* SPDX-License-Identifier: MIT */
/*
 * Globs over text that may hold any byte: fnmatch wants zero-terminated strings, and takes
 * exponential time for some patterns.
 */
#include "glob.h"

/* Matches one character against the pattern at *at, which is not a star; moves *at past it. */
static bool match_one(struct ttlog_text pattern, size_t *at, unsigned char c)
{
	size_t i = *at;
	bool negate, hit = false;

	if (pattern.p[i] == '?') {
		*at = i + 1;
		return true;
	}
	if (pattern.p[i] == '\\' && i + 1 < pattern.len) {
		*at = i + 2;
		return (unsigned char)pattern.p[i + 1] == c;
	}
	if (pattern.p[i] != '[' || !memchr(pattern.p + i + 1, ']', pattern.len - i - 1)) {
		*at = i + 1;
		return (unsigned char)pattern.p[i] == c;
	}
	i++;
	negate = i < pattern.len && (pattern.p[i] == '!' || pattern.p[i] == '^');
	i += negate;
	/* A bracket right at the start stands for itself. */
	for (bool first = true; i < pattern.len && (first || pattern.p[i] != ']'); first = false) {
		unsigned char low = (unsigned char)pattern.p[i], high = low;

		if (i + 2 < pattern.len && pattern.p[i + 1] == '-' && pattern.p[i + 2] != ']') {
			high = (unsigned char)pattern.p[i + 2];
			i += 2;
		}
		hit = hit || (c >= low && c <= high);
		i++;
	}
	*at = i < pattern.len ? i + 1 : i;
	return hit != negate;
}

bool glob__match(struct ttlog_text pattern, struct ttlog_text text)
{
	size_t p = 0, t = 0, star = SIZE_MAX, star_t = 0;

	while (t < text.len) {
		size_t next = p;

		if (p < pattern.len && pattern.p[p] == '*') {
			star = p++;
			star_t = t;
		} else if (p < pattern.len && match_one(pattern, &next, (unsigned char)text.p[t])) {
			p = next;
			t++;
		} else if (star != SIZE_MAX) {
			/* Only the last star needs another try: the ones before it are settled. */
			p = star + 1;
			t = ++star_t;
		} else {
			return false;
		}
	}
	while (p < pattern.len && pattern.p[p] == '*')
		p++;
	return p == pattern.len;
}
