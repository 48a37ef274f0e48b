/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "sql_table.h"

/* What SQLite gives to xConnect. */
struct context {
	const struct sql_table_kind *kind;
	struct sql_source *source;
};

int sql_table__register(sqlite3 *db, const struct sql_table_kind *kind, struct sql_source *source,
			const char *prefix)
{
	struct context *context = malloc(sizeof(*context));
	char *name = sqlite3_mprintf("%s%s", prefix, kind->name);
	int err = SQLITE_NOMEM;

	if (context && name) {
		*context = (struct context){ kind, source };
		err = sqlite3_create_module_v2(db, name, kind->module, context, free);
	} else {
		free(context);
	}
	sqlite3_free(name);
	return err;
}

static int declare(sqlite3 *db, const struct context *of)
{
	struct out *text = &of->source->scratch;
	int err;

	out__clear(text);
	out__text(text, "CREATE TABLE x(");
	of->kind->declare(of->kind, of->source, text, false);
	out__char(text, ')');
	out__char(text, 0);
	if (text->err)
		return SQLITE_NOMEM;
	err = sqlite3_declare_vtab(db, out__written(text).p);
	if (!err)
		(void)sqlite3_vtab_config(db, SQLITE_VTAB_INNOCUOUS);
	return err;
}

int sql_table__connect(sqlite3 *db, void *context, int argc, const char *const *argv,
		       sqlite3_vtab **ret, char **ret_why)
{
	const struct context *of = context;
	int err = declare(db, of);
	struct sql_table *table;

	(void)argc;
	(void)argv;
	if (err) {
		*ret_why = sqlite3_mprintf("%s", sqlite3_errmsg(db));
		return err;
	}
	table = malloc(sizeof(*table));
	if (!table)
		return SQLITE_NOMEM;
	*table = (struct sql_table){ .source = of->source, .kind = of->kind };
	*ret = &table->base;
	return SQLITE_OK;
}

int sql_table__disconnect(sqlite3_vtab *table)
{
	free(((struct sql_table *)table)->spare);
	free(table);
	return SQLITE_OK;
}

int sql_table__open(sqlite3_vtab *base, sqlite3_vtab_cursor **ret)
{
	struct sql_table *table = (struct sql_table *)base;
	struct sql_cursor *cursor = table->spare ? table->spare
						 : calloc(1, table->kind->cursor_bytes);

	if (!cursor)
		return SQLITE_NOMEM;
	table->spare = NULL;
	cursor->source = table->source;
	*ret = &cursor->base;
	return SQLITE_OK;
}

int sql_table__close(sqlite3_vtab_cursor *cursor)
{
	struct sql_table *table = (struct sql_table *)cursor->pVtab;

	if (table->spare)
		free(cursor);
	else
		table->spare = (struct sql_cursor *)cursor;
	return SQLITE_OK;
}
