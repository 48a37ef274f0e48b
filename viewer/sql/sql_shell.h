/* SPDX-License-Identifier: MIT */
/*
 * Statements, and commands that begin with a point, one after another: from a terminal with a line
 * editor and its history, or from stdin.
 */
#ifndef TTLOG_VIEW_SQL_SHELL_H
#define TTLOG_VIEW_SQL_SHELL_H

#include "out.h"
#include "sql.h"

/* From a terminal: reports a mistake and goes on. Returns 0 or -errno, the output's. */
int sql_shell__talk(struct sql *sql, struct out *out, enum sql_format format);
/* From stdin, up to the first mistake. Returns what sql__run() returns. */
int sql_shell__read(struct sql *sql, struct out *out, enum sql_format format);
/* The statements, or the command, of the command line. Returns the same. */
int sql_shell__word(struct sql *sql, struct out *out, enum sql_format format, const char *word);

#endif /* TTLOG_VIEW_SQL_SHELL_H */
