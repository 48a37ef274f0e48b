/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>

#include "sql_numbers.h"
#include "sql_value.h"
#include "sql_values.h"

/* Making a column takes, for each event, an eighth of the time of one read in a chunk (30 ns of
 * 250). */
#define EVENTS_A_READ 8u
/* Decoding a chunk takes the time of at least so many reads (50 to 160 us). */
#define READS_A_CHUNK 256u

/* ---- Making one ---- */

/* Whether the column can hold the value. False: it must be read from its chunk. */
static bool is_kept(const struct ttlog_field *field, bool is_unsigned)
{
	const uint32_t is_signed = 1u << TTLOG_TYPE_I8 | 1u << TTLOG_TYPE_I16 |
				   1u << TTLOG_TYPE_I32 | 1u << TTLOG_TYPE_I64;

	return !field->null && !(is_unsigned && 1u << field->type & is_signed && field->i < 0);
}

static int make(struct sql_number_column *ret, struct store *store,
		const struct sql_columns *columns, size_t column)
{
	uint32_t events = (uint32_t)store->event_cnt;
	uint64_t *numbers = calloc((size_t)events + 1, sizeof(*numbers)), row;
	uint8_t *has = calloc((size_t)events / 8 + 1, 1);
	struct sql_values values;
	struct ttlog_field field;
	int err = sql_values__init(&values, store, columns, column);

	ret->is_unsigned = columns->list[column].types & 1u << TTLOG_TYPE_U64;
	if (!numbers || !has)
		err = -ENOMEM;
	while (!err && sql_values__next(&values, &field, &row)) {
		if (!is_kept(&field, ret->is_unsigned))
			continue;
		numbers[row] = field.u;
		has[row / 8] |= (uint8_t)(1u << (row % 8));
	}
	if (!err)
		err = row_numbers__init(&ret->rows, numbers, has, events);
	sql_values__fini(&values);
	free(numbers);
	free(has);
	return err;
}

static bool may_be_made(const struct sql_numbers *numbers, const struct store *store,
			const struct sql_columns *columns, size_t column)
{
	return !(columns->list[column].types & ~SQL_NUMBERS_TYPES) &&
	       store->event_cnt <= ROW_NUMBERS_MAX_ROWS &&
	       numbers->bytes + row_numbers__max_bytes(store->event_cnt) <= SQL_NUMBERS_MAX_BYTES;
}

void sql_numbers__was_read(struct sql_numbers *numbers, struct store *store,
			   const struct sql_columns *columns, size_t column, uint64_t decoded_cnt)
{
	struct sql_number_column *in;

	if (!numbers->by_column)
		numbers->by_column = calloc(columns->cnt + 1, sizeof(*numbers->by_column));
	if (!numbers->by_column)
		return;
	in = &numbers->by_column[column];
	in->read_cnt += 1 + decoded_cnt * READS_A_CHUNK;
	if (in->rows.blocks || in->is_refused || in->read_cnt * EVENTS_A_READ < store->event_cnt)
		return;
	if (!may_be_made(numbers, store, columns, column) || make(in, store, columns, column))
		in->is_refused = true;
	else
		numbers->bytes += in->rows.bytes;
}

void sql_numbers__fini(struct sql_numbers *numbers, const struct sql_columns *columns)
{
	for (size_t i = 0; numbers->by_column && i < columns->cnt; i++)
		row_numbers__fini(&numbers->by_column[i].rows);
	free(numbers->by_column);
	*numbers = (struct sql_numbers){ .by_column = NULL };
}

/* ---- Reading it ---- */

bool sql_numbers__give(const struct sql_numbers *numbers, size_t column, uint32_t row,
		       sqlite3_context *to)
{
	const struct sql_number_column *in = numbers->by_column ? &numbers->by_column[column]
								: NULL;
	uint64_t number;

	if (!in || !in->rows.blocks || !row_numbers__get(&in->rows, row, &number))
		return false;
	if (in->is_unsigned)
		sql_value__u64(to, number);
	else
		sqlite3_result_int64(to, (sqlite3_int64)number);
	return true;
}
