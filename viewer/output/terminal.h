/* SPDX-License-Identifier: MIT */
/* The terminal for pictures made of text, and their bars. */
#ifndef TTLOG_VIEW_TERMINAL_H
#define TTLOG_VIEW_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>

struct out;

struct terminal {
	size_t width;
	bool utf8, colour;
};

/* For a descriptor. If that is not a terminal: $COLUMNS, else 100 columns. UTF-8 by the locale's
 * variables. */
struct terminal terminal__of(int fd, bool colour);

/* Whether TERM names a terminal that understands escape sequences. */
bool terminal__is_capable(void);

/* A bar of that share (0 to 1) of `width` columns; not empty unless it is 0. */
void terminal__bar(const struct terminal *terminal, struct out *out, double share, size_t width);

#endif /* TTLOG_VIEW_TERMINAL_H */
