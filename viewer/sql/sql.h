/* SPDX-License-Identifier: MIT */
/*
 * Snapshots as tables of a database in memory; runs statements and prints their rows as they come.
 *
 * The statements are the user's own, but the content of the tables is hostile. No statement can
 * read or write another file.
 */
#ifndef TTLOG_VIEW_SQL_H
#define TTLOG_VIEW_SQL_H

#include <stdbool.h>
#include <stddef.h>

#include "out.h"
#include "sql_print.h"

struct ttlog_snapshot;
struct sql;

/* The readers stay the caller's; they must have read their files to the end. NULL with errno,
 * reported on stderr. */
struct sql *sql__new(struct ttlog_snapshot *const *readers, size_t reader_cnt);
void sql__free(struct sql *sql);

/*
 * Runs statements, separated by ';', up to the first that fails, which it reports on stderr.
 * Returns 0; -EINVAL: a statement is wrong or fails; -EINTR: interrupted; or the output's error.
 */
int sql__run(struct sql *sql, const char *statements, struct out *out, enum sql_format format);
/* Statements that list the tables, and the columns of one table, or of all with NULL. The caller
 * frees the second with sqlite3_free(); NULL: no memory. */
const char *sql__tables_query(void);
char *sql__schema_query(const char *table);
/* Whether the text ends a statement: with a ';' outside of strings and comments. */
bool sql__is_complete(const char *text);
/* Soon ends the statement that runs. A signal handler may call it. */
void sql__interrupt(struct sql *sql);

#endif /* TTLOG_VIEW_SQL_H */
