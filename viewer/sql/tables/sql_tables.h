/* SPDX-License-Identifier: MIT */
/* All tables that snapshots are to SQL, and the functions that statements may call. */
#ifndef TTLOG_VIEW_SQL_TABLES_H
#define TTLOG_VIEW_SQL_TABLES_H

#include <sqlite3.h>

#include "sql_source.h"
#include "sql_table.h"

extern const struct sql_table_kind SQL_EVENTS, SQL_SPANS;
/* The tables of what headers list: threads, sites and so on. NULL: there are no more. */
const struct sql_table_kind *sql_listing__kind(size_t number);

/* Functions and collations. Returns SQLite's code. */
int sql_functions__register(sqlite3 *db, struct sql_source *source);
/* These, and all tables, each called PREFIX and its name. Returns SQLite's code. */
int sql_tables__register(sqlite3 *db, struct sql_source *source, const char *prefix);

#endif /* TTLOG_VIEW_SQL_TABLES_H */
