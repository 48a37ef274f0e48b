/* SPDX-License-Identifier: MIT */
/*
 * Which constraints of a WHERE clause spare reading events: those on times, sites, threads and
 * files.
 *
 * SQLite first gives the constraints without their values (sql_where__choose), then the values
 * (sql_where__bounds). In between the plan is a text like `mono_ns>= level in`, which EXPLAIN QUERY
 * PLAN shows. The plan leaves out only what SQLite would leave out, too. SQLite checks the rest
 * again, unless sql_where__choose says that it is decided.
 */
#ifndef TTLOG_VIEW_SQL_WHERE_H
#define TTLOG_VIEW_SQL_WHERE_H

#include <sqlite3.h>
#include <stddef.h>

#include "sql_bounds.h"
#include "sql_source.h"

/* The plan's number: the order of the events. If negative: a field's index is used, and there is
 * one value. */
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
/* `chosen` and `values` are those of xFilter. Returns SQLite's code; on failure ret is empty. */
int sql_where__bounds(struct sql_bounds *ret, const struct sql_source *source, const char *chosen,
		      int cnt, sqlite3_value **values);

#endif /* TTLOG_VIEW_SQL_WHERE_H */
