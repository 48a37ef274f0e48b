/* SPDX-License-Identifier: MIT */
/* What every virtual table is to SQLite, and a cursor over it. The rest is each table's own. */
#ifndef TTLOG_VIEW_SQL_TABLE_H
#define TTLOG_VIEW_SQL_TABLE_H

#include <sqlite3.h>
#include <stddef.h>

#include "sql_source.h"

/* Made of a file's functions, which have these names. `close` is sql_table__close, or calls it.
 * There is no xCreate: the table exists without being made. */
#define SQL_TABLE_MODULE(close)                                                                    \
	{                                                                                          \
		.xConnect = sql_table__connect, .xBestIndex = best_index,                          \
		.xDisconnect = sql_table__disconnect, .xOpen = sql_table__open, .xClose = (close), \
		.xFilter = filter, .xNext = next, .xEof = is_over, .xColumn = column,              \
		.xRowid = row_number,                                                              \
	}

struct sql_table_kind {
	const char *name;
	const sqlite3_module *module;
	size_t cursor_bytes;
	/* What stands between the parentheses of CREATE TABLE. `plain`: without our own
	 * collations. */
	void (*declare)(const struct sql_table_kind *kind, const struct sql_source *source,
			struct out *out, bool plain);
};

/* A table's cursors begin with it. */
struct sql_cursor {
	sqlite3_vtab_cursor base;
	struct sql_source *source;
};

struct sql_table {
	sqlite3_vtab base;
	struct sql_source *source;
	const struct sql_table_kind *kind;
	struct sql_cursor *spare; /* a closed one, for the next open; NULL: none */
};

/* The kind of an open cursor's table. */
static inline const struct sql_table_kind *sql_cursor__kind(const struct sql_cursor *cursor)
{
	return ((const struct sql_table *)cursor->base.pVtab)->kind;
}

/* Makes the table, called PREFIX and the kind's name. Kind and source must stay. This function and
 * all below return SQLite's code. */
int sql_table__register(sqlite3 *db, const struct sql_table_kind *kind, struct sql_source *source,
			const char *prefix);

int sql_table__connect(sqlite3 *db, void *context, int argc, const char *const *argv,
		       sqlite3_vtab **ret, char **ret_why);
int sql_table__disconnect(sqlite3_vtab *table);
/* A new cursor is all 0; else it is as it was closed: a prepared statement opens a cursor
 * each time it runs. */
int sql_table__open(sqlite3_vtab *base, sqlite3_vtab_cursor **ret);
/* The cursor must hold nothing any more. */
int sql_table__close(sqlite3_vtab_cursor *cursor);

#endif /* TTLOG_VIEW_SQL_TABLE_H */
