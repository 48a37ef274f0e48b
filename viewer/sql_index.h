/* SPDX-License-Identifier: MIT */
/*
 * Which events have a value in a field's column: a hash table of the rows of all files, made when a
 * statement first asks for `column = value`, and kept for the next.
 *
 * A text that is found may be another one with the same hash: SQLite looks again. Rows are in the
 * order of table events. Columns of integers, and of text, have an index; and only where the events
 * are so few that look-ups in any order find their chunks decoded in the store.
 */
#ifndef TTLOG_VIEW_SQL_INDEX_H
#define TTLOG_VIEW_SQL_INDEX_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ttlog/read.h>

struct sql;
struct store;
struct store_chunk;

#define SQL_INDEX_MAX_EVENTS (1u << 22)
#define SQL_INDEX_MAX_BYTES  (128u << 20) /* of all columns */

struct sql_index_row {
	uint64_t value; /* a number itself, a text's hash */
	uint32_t chunk; /* of all files, one behind the other */
	uint32_t at;
};

struct sql_index {
	struct sql_index_row *rows; /* bucket by bucket */
	uint32_t *ends;             /* of each bucket in rows */
	unsigned bits;              /* of the value's hash, the upper ones: its bucket */
	uint32_t cnt, value_cnt;    /* rows; about so many values */
};

struct sql_indices {
	struct sql_index **by_column; /* of a field; NULL: not made */
	size_t bytes;
};

void sql_indices__fini(struct sql_indices *indices, size_t column_cnt);

/* Whether there is, or can be, an index of the field's column; how many rows a value has then. */
bool sql_index__is_offered(const struct sql *sql, size_t column, double *ret_rows);
bool sql_index__is_text(const struct sql *sql, size_t column);

/* Rows that may have the value. */
struct sql_hits {
	struct store *store;             /* NULL: not begun */
	const struct sql_index_row *row; /* where it stands */
	const struct sql_index_row *end;
	uint64_t value;
	size_t column;
	bool is_exact;            /* the column has this value, a number, wherever it stands */
	uint32_t chunk;           /* that is held */
	struct store_chunk *kept; /* stays held from one look-up to the next */
	size_t file;              /* the held chunk's */
};

/* Stands at the first one then. Makes the index where there is none. Returns 1; 0 where a scan must
 * do, for the value is of another type than the column or there is no memory. */
int sql_hits__begin(struct sql_hits *hits, struct sql *sql, size_t column, sqlite3_value *value);
void sql_hits__end(struct sql_hits *hits);
void sql_hits__next(struct sql_hits *hits);
int64_t sql_hits__number(const struct sql_hits *hits); /* as sql_scan__number() */
void sql_hits__event(const struct sql_hits *hits, struct ttlog_event *ret);

/* Of a field's column, without what an event costs. */
void sql_hits__column(const struct sql_hits *hits, const struct sql *sql, size_t column,
		      sqlite3_context *to);

static inline bool sql_hits__is_over(const struct sql_hits *hits)
{
	return hits->row == hits->end;
}

#endif /* TTLOG_VIEW_SQL_INDEX_H */
