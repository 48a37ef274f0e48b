/* SPDX-License-Identifier: MIT */
/*
 * The program that text is read with on a terminal: $TTLOG_PAGER, $PAGER, or less, as git does it.
 *
 * While it runs, keys that interrupt are its own; who ends it early ends the output with -EPIPE.
 */
#ifndef TTLOG_VIEW_PAGER_H
#define TTLOG_VIEW_PAGER_H

#include <stdbool.h>

/* Which program, as a command of the shell; NULL: none, output goes straight to the terminal. */
const char *pager__command(void);

/* Starts it on this process's terminal. Returns a descriptor to write to, or -errno. Once. */
int pager__start(const char *command);
/* Closes the descriptor, and waits until the user has read enough. Without one that was started,
 * does nothing. */
void pager__finish(void);

#endif /* TTLOG_VIEW_PAGER_H */
