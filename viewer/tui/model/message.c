/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "message.h"

void message__set(struct message *message, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(message->text, sizeof(message->text), format, args);
	va_end(args);
}

void message__set_line(struct message *message, const char *lines)
{
	message__set(message, "%.*s", (int)strcspn(lines, "\n"), lines);
}
