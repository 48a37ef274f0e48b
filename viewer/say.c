/* SPDX-License-Identifier: MIT */
#include <string.h>
#include <unistd.h>

#include "out.h"
#include "progress.h"
#include "say.h"

void say(const char *name, const char *what)
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

int say_error(const char *what, int err)
{
	say(what, strerror(err));
	return -err;
}
