/* SPDX-License-Identifier: MIT */
/*
 * stderr of a process whose threads must not wait for whoever reads it: a pager that stands still, a
 * terminal that is held, a service's log that is stuck. What is said is written by a thread of its own.
 */
#ifndef TTLOG_CONSOLE_H
#define TTLOG_CONSOLE_H

#include <stddef.h>

/* What waits to be written; what is said beyond that is left out, and that is said. */
#define CONSOLE_MAX_BYTES ((size_t)1 << 20)

struct console;

/* From now on stderr is a stream that waits for nobody. Before there are other threads that use it;
 * signals that are blocked stay so in the new one. NULL with errno: stderr is as it was. */
struct console *console__new(void);
/* Waits until all that was said is written. NULL is fine, here and below. */
void console__flush(struct console *console);
/* The same; then stderr is as it was. No other thread uses it any more. */
void console__free(struct console *console);

#endif /* TTLOG_CONSOLE_H */
