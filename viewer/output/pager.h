/* SPDX-License-Identifier: MIT */
/*
 * The program that shows text on a terminal: $TTLOG_PAGER, $PAGER, or less, as in git.
 *
 * While it runs, keys that interrupt go to it. If the user quits it early, the output ends with
 * -EPIPE.
 */
#ifndef TTLOG_VIEW_PAGER_H
#define TTLOG_VIEW_PAGER_H

/* The pager, as a command of the shell; NULL: none, output goes directly to the terminal. */
const char *pager__command(void);

/* Starts it on this process's terminal. Returns a descriptor to write to, or -errno. Call it
 * once. */
int pager__start(const char *command);
/* Closes the descriptor, and waits until the user quits the pager. Does nothing without a pager. */
void pager__finish(void);

#endif /* TTLOG_VIEW_PAGER_H */
