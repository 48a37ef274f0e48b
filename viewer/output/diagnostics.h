/* SPDX-License-Identifier: MIT */
/* What ttlog-view says on stderr. */
#ifndef TTLOG_VIEW_DIAGNOSTICS_H
#define TTLOG_VIEW_DIAGNOSTICS_H

#include <stdio.h>

/* "ttlog-view: NAME: WHAT". Both may come from a file and hold anything: no escapes get to the
 * terminal. */
void diagnostics__print(const char *name, const char *what);
/* The same with the reason in words. Returns -err. */
int diagnostics__print_errno(const char *what, int err);
/* stderr for those who print arguments as they are, line by line; NULL where there is no memory. */
FILE *diagnostics__stream(void);

#endif /* TTLOG_VIEW_DIAGNOSTICS_H */
