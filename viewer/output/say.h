/* SPDX-License-Identifier: MIT */
/* What ttlog-view says on stderr. */
#ifndef TTLOG_VIEW_SAY_H
#define TTLOG_VIEW_SAY_H

#include <stdio.h>

/* "ttlog-view: NAME: WHAT". Both may come from a file and hold anything: no escapes get to the
 * terminal. */
void say(const char *name, const char *what);
/* The same with the reason in words. Returns -err. */
int say_error(const char *what, int err);
/* stderr for those who print arguments as they are, line by line; NULL where there is no memory. */
FILE *say_stream(void);

#endif /* TTLOG_VIEW_SAY_H */
