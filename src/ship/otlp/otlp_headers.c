/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "otlp_headers.h"

/* A token of HTTP. */
static bool is_name(const char *name, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (name[i] <= ' ' || name[i] > '~' || strchr("\"(),/:;<=>?@[\\]{}", name[i]))
			return false;
	}
	return len > 0;
}

/* -1: it is no digit. */
static int digit_of(char c)
{
	const char *digits = "0123456789abcdef0123456789ABCDEF";
	const char *at = c ? strchr(digits, c) : NULL;

	return at ? (int)((at - digits) % 16) : -1;
}

/* Writes the value to `to`; NULL: it is none. A line feed would begin another header. */
static char *decode(char *to, const char *value, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		char c = value[i];

		if (c == '%') {
			const int high = i + 2 < len ? digit_of(value[i + 1]) : -1;
			const int low = i + 2 < len ? digit_of(value[i + 2]) : -1;

			if (high < 0 || low < 0)
				return NULL;
			c = (char)(high << 4 | low);
			i += 2;
		}
		if ((unsigned char)c < ' ' || c == 0x7f)
			return NULL;
		*to++ = c;
	}
	return to;
}

/* "NAME=VALUE" as a line at `to`. Where the next one may be, or NULL. */
static char *add(char *to, const char *pair, size_t len)
{
	const char *equals = memchr(pair, '=', len), *value;
	size_t name_len, value_len;

	if (!equals)
		return NULL;
	value = equals + 1;
	name_len = (size_t)(equals - pair);
	value_len = len - name_len - 1;
	while (name_len && pair[name_len - 1] == ' ')
		name_len--;
	for (; value_len && *value == ' '; value_len--)
		value++;
	while (value_len && value[value_len - 1] == ' ')
		value_len--;
	if (!is_name(pair, name_len))
		return NULL;
	memcpy(to, pair, name_len);
	memcpy(to + name_len, ": ", 2);
	to = decode(to + name_len + 2, value, value_len);
	if (to)
		*to++ = '\0';
	return to;
}

static int refuse(struct otlp_headers *headers, struct fleet_error *error, const char *why)
{
	otlp_headers__fini(headers);
	return fleet_error__set(error, -EINVAL, OTLP_HEADERS_VARIABLE ": %s", why);
}

int otlp_headers__parse(struct otlp_headers *ret, const char *text, struct fleet_error *error)
{
	size_t cnt = 0;
	char *to;

	*ret = (struct otlp_headers){ .text = NULL };
	if (!text)
		return 0;
	/* a line is one byte longer than its pair, and has a zero at its end */
	to = ret->text = malloc(2 * strlen(text) + 4);
	if (!to)
		return -ENOMEM;
	for (size_t len; *text; text += len + (text[len] == ',')) {
		len = strcspn(text, ",");
		for (; len && *text == ' '; len--)
			text++;
		if (!len)
			continue;
		if (cnt == OTLP_HEADERS_MOST)
			return refuse(ret, error, "there are too many");
		ret->lines[cnt++] = to;
		to = add(to, text, len);
		if (!to)
			return refuse(ret, error, "it is not NAME=VALUE[,NAME=VALUE...]");
	}
	return 0;
}

void otlp_headers__fini(struct otlp_headers *headers)
{
	free(headers->text);
	*headers = (struct otlp_headers){ .text = NULL };
}
