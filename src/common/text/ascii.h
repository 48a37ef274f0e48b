/* SPDX-License-Identifier: MIT */
/*
 * Words of our own languages: levels, operators, units. They are ASCII in any locale: in a Turkish
 * one strcasecmp() says that "info" is not "INFO".
 */
#ifndef TTLOG_ASCII_H
#define TTLOG_ASCII_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

static inline char ascii__upper(char c)
{
	return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

static inline char ascii__lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static inline bool ascii__is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static inline bool ascii__is_letter(char c)
{
	return ascii__upper(c) >= 'A' && ascii__upper(c) <= 'Z';
}

/* Compares the first `len` bytes, in any case, up to a zero. */
static inline bool ascii__begins_alike(const char *a, const char *b, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (ascii__upper(a[i]) != ascii__upper(b[i]))
			return false;
		if (!a[i])
			return true;
	}
	return true;
}

static inline bool ascii__is_alike(const char *a, const char *b)
{
	return ascii__begins_alike(a, b, (size_t)-1);
}

/* The text without the spaces at both ends; it is changed. */
static inline char *ascii__trim(char *text)
{
	size_t len;

	text += strspn(text, " ");
	len = strlen(text);
	while (len && text[len - 1] == ' ')
		text[--len] = '\0';
	return text;
}

#endif /* TTLOG_ASCII_H */
