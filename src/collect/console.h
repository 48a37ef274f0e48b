/* SPDX-License-Identifier: MIT */
/*
 * stderr of a process whose threads must not wait for its reader: a pager that stands still, a
 * terminal that is held, a service's log that is stuck. A thread of its own writes the text.
 */
#ifndef TTLOG_CONSOLE_H
#define TTLOG_CONSOLE_H

#include <stddef.h>

/* Text that waits to be written. Lines beyond that are left out; a line says how many. */
#define CONSOLE_MAX_BYTES ((size_t)1 << 20)

struct console;

/* From now on stderr is a stream that doesn't wait. Call it before other threads use stderr. Blocked
 * signals stay blocked in the new thread. NULL with errno: stderr is as it was. */
struct console *console__new(void);
/* Waits until all that was said is written. NULL is fine, here and below. */
void console__flush(struct console *console);
/* The same; then stderr is as it was. No other thread uses it any more. */
void console__free(struct console *console);

#endif /* TTLOG_CONSOLE_H */
