/* SPDX-License-Identifier: MIT */
/* What pictures made of text are drawn on, and their bars. */
#ifndef TTLOG_VIEW_TERMINAL_H
#define TTLOG_VIEW_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>

struct out;

struct terminal {
	size_t width;
	bool utf8, colour;
};

/* Of a descriptor that need be no terminal: then $COLUMNS, else 100 columns. UTF-8 by the locale's
 * variables. */
struct terminal terminal__of(int fd, bool colour);

/* Whether TERM names a terminal that understands escape sequences. */
bool terminal__is_capable(void);

/* A bar of that share (0 to 1) of `width` columns; at least something where it is not 0. */
void terminal__bar(const struct terminal *terminal, struct out *out, double share, size_t width);

#endif /* TTLOG_VIEW_TERMINAL_H */
