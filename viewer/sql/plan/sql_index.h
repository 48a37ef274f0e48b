/* SPDX-License-Identifier: MIT */
/*
 * Which events have a value in a field's column: an index of the rows of all files, made when a
 * statement first asks for `column = value`, and kept for the next.
 *
 * A text that is found may be another one with the same hash: SQLite looks again. Rows are in the
 * order of table events. Columns of integers, and of text, have an index; and only where the events
 * are so few that look-ups in any order find their chunks decoded in the store. Which a row is, and
 * its value, are known without its chunk.
 */
#ifndef TTLOG_VIEW_SQL_INDEX_H
#define TTLOG_VIEW_SQL_INDEX_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ttlog/read.h>
#include "key_index.h"
#include "out.h"
#include "sql_columns.h"
#include "sql_numbers.h"
#include "store.h"

struct sql_index {
	struct key_index rows;
	bool has_others; /* numbers beyond an int64, of which SQL sees digits: they are no rows */
};

#define SQL_INDEX_MAX_EVENTS (1u << 22)
#define SQL_INDEX_MAX_BYTES  (128u << 20) /* of all columns */

struct sql_indices {
	struct store *store;
	const struct sql_columns *columns; /* of fields */
	struct out *scratch;
	uint64_t secret;              /* for hashes */
	struct sql_index **by_column; /* NULL: not made */
	size_t bytes;
	struct sql_numbers numbers; /* of other columns, for what look-ups read */
};

/* Before the columns' own. */
void sql_indices__fini(struct sql_indices *indices);

/* Whether there is, or can be, an index of the field's column; how many rows a value has then. */
bool sql_index__is_offered(const struct sql_indices *indices, size_t column, double *ret_rows);
bool sql_index__is_text(const struct sql_indices *indices, size_t column);
/* Whether what is found is right for whatever it is compared with, and SQLite need not look again. */
bool sql_index__decides(const struct sql_indices *indices, size_t column);

/* Rows that may have the value. */
struct sql_hits {
	struct sql_indices *indices;
	const struct sql_index *index;
	uint32_t link; /* to the row where it stands; 0: it is over */
	uint64_t value;
	size_t column;
	bool is_exact; /* the column has this value, a number, wherever it stands */

	/* Where the row is, once that was asked for. */
	bool is_placed;
	struct store_place place;
	struct store_chunk *kept; /* stays held from one row to the next; NULL: none is */
};

/* Stands at the first one then. Makes the index where there is none. Returns 1; 0 where a scan must
 * do, for only SQLite knows what equals a value of this type: never where the index decides; or
 * -ENOMEM. */
int sql_hits__begin(struct sql_hits *hits, struct sql_indices *indices, size_t column,
		    sqlite3_value *value);
void sql_hits__end(struct sql_hits *hits);
void sql_hits__next(struct sql_hits *hits);
int64_t sql_hits__number(struct sql_hits *hits); /* as sql_scan__number() */
/* False where the chunk cannot be read any more. */
bool sql_hits__event(struct sql_hits *hits, struct ttlog_event *ret);

/* Of a field's column, without what an event costs. */
void sql_hits__column(struct sql_hits *hits, size_t column, sqlite3_context *to);

static inline bool sql_hits__is_over(const struct sql_hits *hits)
{
	return !hits->link;
}

#endif /* TTLOG_VIEW_SQL_INDEX_H */
