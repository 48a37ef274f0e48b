/* SPDX-License-Identifier: MIT */
/*
 * What of a WHERE clause spares looking at events: which times, sites, threads and files matter.
 *
 * SQLite says which constraints there are before it knows the values (sql_where__choose), and then
 * gives the values (sql_where__init); in between lies a text, `mono_ns>= level in`, which EXPLAIN QUERY
 * PLAN shows. What is kept out here would be kept out by SQLite, too; it looks again at all but
 * what sql_where__choose says is decided.
 */
#ifndef TTLOG_VIEW_SQL_WHERE_H
#define TTLOG_VIEW_SQL_WHERE_H

#include <stdbool.h>
#include <stdint.h>

#include "sql_parts.h"

struct sql_where_file {
	uint8_t *sites, *threads; /* by number: whether they may matter. NULL: all do */
	bool is_out;              /* nothing in it matters */
};

struct sql_where {
	bool is_nothing;
	uint64_t first_mono_ns, last_mono_ns; /* both included */
	uint64_t first_real_ns, last_real_ns;
	struct sql_where_file *files; /* by number in the store */
	size_t file_cnt;
};

/* The number that goes with the text: negative where a field's column is looked up in its index, and
 * there is one value. */
static inline int sql_where__of_index(size_t column)
{
	return -1 - (int)column;
}

static inline size_t sql_where__index_of(int number)
{
	return (size_t)(-1 - number);
}

/* xBestIndex. Returns SQLite's code. */
int sql_where__choose(const struct sql *sql, sqlite3_index_info *info);
/* `chosen` and values are what xFilter has. Returns SQLite's code; on failure ret is empty. */
int sql_where__init(struct sql_where *ret, const struct sql *sql, const char *chosen, int cnt,
		    sqlite3_value **values);
/* Lets spans' begins and ends through alone. Returns 0 or -ENOMEM. */
int sql_where__keep_spans(struct sql_where *where, const struct sql *sql);
void sql_where__fini(struct sql_where *where);

/* Whether an event of that file matters that has this time by its clock. */
static inline bool sql_where__is_in_time(const struct sql_where *where, uint64_t mono_ns,
					 uint64_t real_ns)
{
	return mono_ns >= where->first_mono_ns && mono_ns <= where->last_mono_ns &&
	       real_ns >= where->first_real_ns && real_ns <= where->last_real_ns;
}

/* Whether all of these times matter, or none. A file may say that wall time passes 2^64. */
bool sql_where__has_all(const struct sql_where *where, uint64_t first_mono_ns,
			uint64_t last_mono_ns, uint64_t shift);
bool sql_where__has_none(const struct sql_where *where, uint64_t first_mono_ns,
			 uint64_t last_mono_ns, uint64_t shift);

#endif /* TTLOG_VIEW_SQL_WHERE_H */
