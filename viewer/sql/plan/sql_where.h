/* SPDX-License-Identifier: MIT */
/*
 * What of a WHERE clause spares looking at events: which times, sites, threads and files matter.
 *
 * SQLite says which constraints there are before it knows the values (sql_where__choose), and then
 * gives the values (sql_where__bounds); in between lies a text, `mono_ns>= level in`, which EXPLAIN QUERY
 * PLAN shows. What is kept out here would be kept out by SQLite, too; it looks again at all but
 * what sql_where__choose says is decided.
 */
#ifndef TTLOG_VIEW_SQL_WHERE_H
#define TTLOG_VIEW_SQL_WHERE_H

#include <sqlite3.h>
#include <stddef.h>

#include "sql_bounds.h"
#include "sql_source.h"

/* The number that goes with the text: whether events come in their order or backward; negative where a
 * field's column is looked up in its index, and there is one value. */
enum {
	SQL_WHERE_FORWARD,
	SQL_WHERE_BACKWARD,
};

static inline int sql_where__of_index(size_t column)
{
	return -1 - (int)column;
}

static inline size_t sql_where__index_of(int number)
{
	return (size_t)(-1 - number);
}

/* xBestIndex. Returns SQLite's code. */
int sql_where__choose(const struct sql_source *source, sqlite3_index_info *info);
/* `chosen` and values are what xFilter has. Returns SQLite's code; on failure ret is empty. */
int sql_where__bounds(struct sql_bounds *ret, const struct sql_source *source, const char *chosen,
		      int cnt, sqlite3_value **values);

#endif /* TTLOG_VIEW_SQL_WHERE_H */
