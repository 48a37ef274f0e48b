/* SPDX-License-Identifier: MIT */
/* Messages of ttlog-view on stderr. */
#ifndef TTLOG_VIEW_DIAGNOSTICS_H
#define TTLOG_VIEW_DIAGNOSTICS_H

#include <stdio.h>

/* "ttlog-view: NAME: WHAT". Both may come from a file and contain anything: no escapes reach the
 * terminal. */
void diagnostics__print(const char *name, const char *what);
/* The same with the text of an errno. Returns -err. */
int diagnostics__print_errno(const char *what, int err);
/* A stream to stderr for code that prints raw arguments, line by line; NULL: no memory. */
FILE *diagnostics__stream(void);

#endif /* TTLOG_VIEW_DIAGNOSTICS_H */
