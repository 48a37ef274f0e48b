/* SPDX-License-Identifier: MIT */
/* What every virtual table is to SQLite, and a cursor over it: the rest is each table's own. */
#ifndef TTLOG_VIEW_SQL_TABLE_H
#define TTLOG_VIEW_SQL_TABLE_H

#include <sqlite3.h>
#include <stddef.h>

struct sql;

/* A table's cursors begin with it. */
struct sql_cursor {
	sqlite3_vtab_cursor base;
	struct sql *sql;
};

struct sql_table {
	sqlite3_vtab base;
	struct sql *sql;
	const void *kind;         /* the table's own; NULL */
	struct sql_cursor *spare; /* a closed one for the next to be opened; NULL: there is none */
};

/* Of a cursor that is open: what its table was connected with. */
static inline const void *sql_cursor__kind(const struct sql_cursor *cursor)
{
	return ((const struct sql_table *)cursor->base.pVtab)->kind;
}

/* For xConnect: `columns` as between the parentheses of CREATE TABLE. All return SQLite's code. */
int sql_table__connect(sqlite3 *db, struct sql *sql, const void *kind, const char *columns,
		       sqlite3_vtab **ret, char **ret_why);
int sql_table__disconnect(sqlite3_vtab *table);
/* For xOpen: `bytes` of a cursor, all 0 behind its begin or as it was left. xClose frees it, or: */
int sql_table__open(sqlite3_vtab *base, size_t bytes, sqlite3_vtab_cursor **ret);
/* For xClose of a cursor that holds nothing any more: a prepared statement opens one each time that
 * it is run. Takes ownership. */
void sql_table__leave(struct sql_cursor *cursor);

#endif /* TTLOG_VIEW_SQL_TABLE_H */
