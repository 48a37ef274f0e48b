/* SPDX-License-Identifier: MIT */
/*
 * Statements, and commands that begin with a point, one after the other: from a terminal, with a line
 * editor and its history, or from stdin where that is none.
 */
#ifndef TTLOG_VIEW_SQL_SHELL_H
#define TTLOG_VIEW_SQL_SHELL_H

#include "out.h"
#include "sql.h"

/* On a terminal: a mistake is said, and the next statement may be right. Returns 0 or -errno, the
 * output's. */
int sql_shell__talk(struct sql *sql, struct out *out, enum sql_format format);
/* From stdin, up to the first mistake. Returns what sql__run() does. */
int sql_shell__read(struct sql *sql, struct out *out, enum sql_format format);
/* One that was given: statements, or a command. The same. */
int sql_shell__word(struct sql *sql, struct out *out, enum sql_format format, const char *word);

#endif /* TTLOG_VIEW_SQL_SHELL_H */
