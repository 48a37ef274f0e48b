/* SPDX-License-Identifier: MIT */
/*
 * Snapshots as tables of a database in memory: statements over them, and what they give.
 *
 * The statements are the user's own, what the tables hold is hostile: no statement reads or writes
 * another file. Rows are printed as they come.
 */
#ifndef TTLOG_VIEW_SQL_H
#define TTLOG_VIEW_SQL_H

#include <stdbool.h>
#include <stddef.h>

#include "out.h"
#include "sql_print.h"

struct ttlog_snapshot;
struct sql;

/* The readers stay the caller's; they have gone over their files to the end. NULL with errno, said
 * on stderr. */
struct sql *sql__new(struct ttlog_snapshot *const *readers, size_t reader_cnt);
void sql__free(struct sql *sql);

/*
 * Runs statements, with ';' between, up to the first that fails. What is wrong is said on stderr.
 * Returns 0; -EINVAL where a statement is wrong, or fails; -EINTR where it was interrupted; the
 * output's error.
 */
int sql__run(struct sql *sql, const char *statements, struct out *out, enum sql_format format);
/* Statements that list the tables, and their columns: of one table, or of all. The caller frees the
 * second; NULL: no memory. */
const char *sql__tables_query(void);
char *sql__schema_query(const char *table);
/* Whether the text ends a statement: a ';' that is in no string or comment. */
bool sql__is_complete(const char *text);
/* Ends what runs, soon. May be called by a signal handler. */
void sql__interrupt(struct sql *sql);

#endif /* TTLOG_VIEW_SQL_H */
