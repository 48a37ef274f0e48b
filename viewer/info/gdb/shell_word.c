/* SPDX-License-Identifier: MIT */
#include <stdbool.h>
#include <string.h>

#include "out.h"
#include "shell_word.h"

static bool is_plain(const char *text)
{
	return *text && *text != '-' &&
	       !text[strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				  "/._+:,@%-")];
}

static bool is_printable(const char *text)
{
	for (const char *p = text; *p; p++) {
		if (*p < ' ' || *p > '~')
			return false;
	}
	return true;
}

/* $'\033': only what is printable stays as it is. */
static void print_escaped(struct out *out, const char *text)
{
	out__text(out, "$'");
	for (const char *p = text; *p; p++) {
		if (*p < ' ' || *p > '~' || strchr("'\\!", *p))
			out__format(out, "\\%03o", (unsigned char)*p);
		else
			out__char(out, *p);
	}
	out__char(out, '\'');
}

void shell_word__print(struct out *out, const char *text)
{
	if (is_plain(text)) {
		out__text(out, text);
	} else if (!is_printable(text) || strpbrk(text, "'\\!")) {
		print_escaped(out, text);
	} else {
		out__char(out, '\'');
		out__text(out, text);
		out__char(out, '\'');
	}
}
