/* SPDX-License-Identifier: MIT */
/*
 * Finds the events that have a value in a field's column. The index of a column holds the rows of
 * all files; it is made when a statement first asks for `column = value`, and kept.
 *
 * A text that is found may be another text with the same hash, so SQLite checks it. Rows are in the
 * order of table events. Columns of integers and columns of text have an index, if the events are
 * so few that the store keeps their decoded chunks. The index alone gives a row's place and its
 * value.
 */
#ifndef TTLOG_VIEW_SQL_INDEX_H
#define TTLOG_VIEW_SQL_INDEX_H

#include <sqlite3.h>

#include <ttlog/read.h>
#include "key_index.h"
#include "out.h"
#include "sql_columns.h"
#include "sql_numbers.h"
#include "store.h"

struct sql_index {
	struct key_index rows;
	bool has_others; /* some numbers are beyond an int64: they have no row here */
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
	struct sql_numbers numbers; /* columns of integers that look-ups read */
};

/* Call it before sql_columns__fini(). */
void sql_indices__fini(struct sql_indices *indices);

/* Whether the field's column has an index or can get one; then also how many rows a value has. */
bool sql_index__is_offered(const struct sql_indices *indices, size_t column, double *ret_rows);
bool sql_index__is_text(const struct sql_indices *indices, size_t column);
/* Whether a found row certainly matches, so that SQLite need not check it. */
bool sql_index__decides(const struct sql_indices *indices, size_t column);

/* Rows that may have the value. */
struct sql_hits {
	struct sql_indices *indices;
	const struct sql_index *index;
	uint32_t link; /* to the current row; 0: at the end */
	uint64_t value;
	size_t column;
	bool is_exact; /* the column is of integers: all rows found have this value */

	/* The row's place, once it was asked for. */
	bool is_placed;
	struct store_place place;
	struct store_chunk *kept; /* kept from one row to the next; NULL: none */
};

/* Goes to the first row, and makes the index if there is none. Returns 1; 0: only SQLite knows what
 * equals a value of this type, so scan (this never happens if the index decides); or -ENOMEM. */
int sql_hits__begin(struct sql_hits *hits, struct sql_indices *indices, size_t column,
		    sqlite3_value *value);
void sql_hits__end(struct sql_hits *hits);
void sql_hits__next(struct sql_hits *hits);
int64_t sql_hits__number(struct sql_hits *hits); /* as sql_scan__number() */
/* False: the chunk cannot be read any more. */
bool sql_hits__event(struct sql_hits *hits, struct ttlog_event *ret);

/* The value of a field's column, without making an event. */
void sql_hits__column(struct sql_hits *hits, size_t column, sqlite3_context *to);

static inline bool sql_hits__is_over(const struct sql_hits *hits)
{
	return !hits->link;
}

#endif /* TTLOG_VIEW_SQL_INDEX_H */
