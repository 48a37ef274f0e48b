/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "sql_table.h"

static int declare(sqlite3 *db, const char *columns)
{
	char *text = sqlite3_mprintf("CREATE TABLE x(%s)", columns);
	int err = text ? sqlite3_declare_vtab(db, text) : SQLITE_NOMEM;

	sqlite3_free(text);
	if (!err)
		(void)sqlite3_vtab_config(db, SQLITE_VTAB_INNOCUOUS);
	return err;
}

int sql_table__connect(sqlite3 *db, struct sql *sql, const void *kind, const char *columns,
		       sqlite3_vtab **ret, char **ret_why)
{
	int err = declare(db, columns);
	struct sql_table *table;

	if (err) {
		*ret_why = sqlite3_mprintf("%s", sqlite3_errmsg(db));
		return err;
	}
	table = malloc(sizeof(*table));
	if (!table)
		return SQLITE_NOMEM;
	*table = (struct sql_table){ .sql = sql, .kind = kind };
	*ret = &table->base;
	return SQLITE_OK;
}

int sql_table__disconnect(sqlite3_vtab *table)
{
	free(((struct sql_table *)table)->spare);
	free(table);
	return SQLITE_OK;
}

int sql_table__open(sqlite3_vtab *base, size_t bytes, sqlite3_vtab_cursor **ret)
{
	struct sql_table *table = (struct sql_table *)base;
	struct sql_cursor *cursor = table->spare ? table->spare : calloc(1, bytes);

	if (!cursor)
		return SQLITE_NOMEM;
	table->spare = NULL;
	cursor->sql = table->sql;
	*ret = &cursor->base;
	return SQLITE_OK;
}

void sql_table__leave(struct sql_cursor *cursor)
{
	struct sql_table *table = (struct sql_table *)cursor->base.pVtab;

	if (table->spare)
		free(cursor);
	else
		table->spare = cursor;
}
