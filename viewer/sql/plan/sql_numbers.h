/* SPDX-License-Identifier: MIT */
/*
 * Columns of integers, a number for each row, for look-ups that read other columns than the one
 * they search. A column is made once reading it from decoded chunks has cost as much as making it.
 *
 * A chunk's decoded column takes eight bytes a value and lies apart from all others. To find it,
 * and to pin its chunk, costs more than a cache miss. And if there are more chunks than the store
 * keeps, a look-up in any order decodes one each time.
 */
#ifndef TTLOG_VIEW_SQL_NUMBERS_H
#define TTLOG_VIEW_SQL_NUMBERS_H

#include <sqlite3.h>

#include <ttlog/read.h>
#include "row_numbers.h"
#include "sql_columns.h"
#include "store.h"

#define SQL_NUMBERS_MAX_BYTES (64u << 20) /* of all columns */
#define SQL_NUMBERS_TYPES                                                                          \
	(1u << TTLOG_TYPE_BOOL | 1u << TTLOG_TYPE_I8 | 1u << TTLOG_TYPE_I16 |                      \
	 1u << TTLOG_TYPE_I32 | 1u << TTLOG_TYPE_I64 | 1u << TTLOG_TYPE_U8 |                       \
	 1u << TTLOG_TYPE_U16 | 1u << TTLOG_TYPE_U32 | 1u << TTLOG_TYPE_U64)

struct sql_number_column {
	struct row_numbers rows; /* no blocks: not made */
	uint64_t read_cnt;       /* reads in chunks, and what decoding them was worth */
	bool is_unsigned;        /* some may be beyond an int64: all are shown by sql_value__u64 */
	bool is_refused;
};

struct sql_numbers {
	struct sql_number_column *by_column; /* NULL: none was read */
	size_t bytes;
};

void sql_numbers__fini(struct sql_numbers *numbers, const struct sql_columns *columns);
/* False: read it from its chunk. */
bool sql_numbers__give(const struct sql_numbers *numbers, size_t column, uint32_t row,
		       sqlite3_context *to);
/* Counts a read from a chunk, for which so many chunks were decoded. May make the column. */
void sql_numbers__was_read(struct sql_numbers *numbers, struct store *store,
			   const struct sql_columns *columns, size_t column, uint64_t decoded_cnt);

#endif /* TTLOG_VIEW_SQL_NUMBERS_H */
