/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "out.h"
#include "progress.h"
#include "diagnostics.h"

void diagnostics__print(const char *name, const char *what)
{
	struct out out;

	if (out__init(&out, STDERR_FILENO))
		return;
	out__text(&out, "ttlog-view: ");
	out__plain(&out, ttlog_text_of(name));
	out__text(&out, ": ");
	out__plain(&out, ttlog_text_of(what));
	out__char(&out, '\n');
	progress__hold();
	(void)out__flush(&out);
	progress__release();
	out__fini(&out);
}

int diagnostics__print_errno(const char *what, int err)
{
	diagnostics__print(what, strerror(err));
	return -err;
}

static ssize_t write_plain(void *cookie, const char *p, size_t len)
{
	const char *end = p + len;
	struct out out;

	(void)cookie;
	if (out__init(&out, STDERR_FILENO))
		return 0;
	while (p < end) {
		const char *found = memchr(p, '\n', (size_t)(end - p));
		size_t line_len = (size_t)((found ? found : end) - p);

		out__plain(&out, (struct ttlog_text){ p, line_len });
		if (found)
			out__char(&out, '\n');
		p += line_len + (found ? 1 : 0);
	}
	(void)out__flush(&out);
	out__fini(&out);
	return (ssize_t)len;
}

FILE *diagnostics__stream(void)
{
	const cookie_io_functions_t functions = { .write = write_plain };
	FILE *stream = fopencookie(NULL, "w", functions);

	if (stream)
		(void)setvbuf(stream, NULL, _IOLBF, 0);
	return stream;
}
