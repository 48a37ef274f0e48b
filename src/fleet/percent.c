/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>

#include "hex.h"
#include "percent.h"

#define PLAIN                                                                                      \
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"                           \
	"-._~"

int percent__decode(char *text)
{
	char *to = text;

	for (const char *at = text; *at; at++) {
		int high, low;

		if (*at != '%') {
			*to++ = *at;
			continue;
		}
		high = hex__digit(at[1]);
		low = high < 0 ? -1 : hex__digit(at[2]);
		if (low < 0 || (!high && !low))
			return -EINVAL;
		*to++ = (char)(high << 4 | low);
		at += 2;
	}
	*to = '\0';
	return 0;
}

int percent__encode(char *ret, size_t size, const char *text, const char *also_plain)
{
	static const char digits[] = "0123456789ABCDEF";
	size_t len = 0;

	for (; *text; text++) {
		const unsigned char byte = (unsigned char)*text;

		if (len + 4 > size)
			return -ENAMETOOLONG;
		if (strchr(PLAIN, byte) || strchr(also_plain, byte)) {
			ret[len++] = *text;
			continue;
		}
		ret[len++] = '%';
		ret[len++] = digits[byte >> 4];
		ret[len++] = digits[byte & 15];
	}
	if (len >= size)
		return -ENAMETOOLONG;
	ret[len] = '\0';
	return 0;
}
