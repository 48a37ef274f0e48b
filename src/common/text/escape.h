/* SPDX-License-Identifier: MIT */
/*
 * Text of others for a terminal: what is not printable UTF-8 is written as \xNN, so that a file can't
 * write to the user's terminal.
 */
#ifndef TTLOG_ESCAPE_H
#define TTLOG_ESCAPE_H

#include <stdbool.h>
#include <stdio.h>

/* quoted: the caller puts quotes around it, so " \ and newlines are escaped in C's way, too. */
void escape__put(FILE *out, const char *text, bool quoted);

#endif /* TTLOG_ESCAPE_H */
