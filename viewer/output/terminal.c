/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "out.h"
#include "terminal.h"

#define DEFAULT_WIDTH 100u
#define MIN_WIDTH     40u
#define MAX_WIDTH     500u
#define EIGHTHS       8u

/* As setlocale(3) would choose, but without changing the locale. */
static bool is_utf8(void)
{
	static const char *const NAMES[] = { "LC_ALL", "LC_CTYPE", "LANG" };

	for (size_t i = 0; i < sizeof(NAMES) / sizeof(NAMES[0]); i++) {
		const char *locale = getenv(NAMES[i]);

		if (locale && *locale)
			return strcasestr(locale, "utf-8") || strcasestr(locale, "utf8");
	}
	return false;
}

static size_t width_of(int fd)
{
	const char *columns = getenv("COLUMNS");
	struct winsize size;
	unsigned long width = DEFAULT_WIDTH;

	if (!ioctl(fd, TIOCGWINSZ, &size) && size.ws_col)
		width = size.ws_col;
	else if (columns && *columns)
		width = strtoul(columns, NULL, 10);
	if (width < MIN_WIDTH)
		return MIN_WIDTH;
	return width < MAX_WIDTH ? width : MAX_WIDTH;
}

struct terminal terminal__of(int fd, bool colour)
{
	return (struct terminal){ width_of(fd), is_utf8(), colour };
}

bool terminal__is_capable(void)
{
	const char *term = getenv("TERM");

	return term && *term && strcmp(term, "dumb") != 0;
}

void terminal__bar(const struct terminal *terminal, struct out *out, double share, size_t width)
{
	static const char *const BLOCKS[EIGHTHS] = { "",
						     "\xe2\x96\x8f",
						     "\xe2\x96\x8e",
						     "\xe2\x96\x8d",
						     "\xe2\x96\x8c",
						     "\xe2\x96\x8b",
						     "\xe2\x96\x8a",
						     "\xe2\x96\x89" };
	const size_t steps = terminal->utf8 ? EIGHTHS : 1;
	size_t len = (size_t)(share * (double)(width * steps) + 0.5);

	if (!len && share > 0)
		len = 1;
	for (size_t i = 0; i < len / steps; i++)
		out__text(out, terminal->utf8 ? "\xe2\x96\x88" : "#");
	if (terminal->utf8)
		out__text(out, BLOCKS[len % steps]);
}
