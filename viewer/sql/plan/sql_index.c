/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>

#include "hash.h"
#include "sql_index.h"
#include "sql_value.h"
#include "sql_values.h"

/* ---- Values ---- */

static uint64_t hash_bytes(const struct sql_indices *indices, struct ttlog_text text)
{
	return hash__bytes(indices->secret, text.p, text.len);
}

/* Of the text as SQL shows it. */
static uint64_t hash_text(const struct sql_indices *indices, struct ttlog_text text, bool cut)
{
	if (cut || !sql_value__is_clean(text)) {
		out__clear(indices->scratch);
		sql_value__show(indices->scratch, text, cut);
		text = out__written(indices->scratch);
	}
	return hash_bytes(indices, text);
}

/* SQL shows it as text. */
static bool is_beyond(const struct ttlog_field *field)
{
	return field->type == TTLOG_TYPE_U64 && field->u > INT64_MAX;
}

/* False: the value has no key. */
static bool value_of(const struct sql_indices *indices, const struct ttlog_field *field,
		     uint64_t *ret)
{
	char buf[TTLOG_FIELD_TEXT_BYTES];

	if (field->null || is_beyond(field))
		return false;
	if (1u << field->type & SQL_NUMBERS_TYPES)
		*ret = field->u;
	else
		*ret = hash_text(indices, ttlog_field_text(field, buf), field->cut);
	return true;
}

bool sql_index__is_text(const struct sql_indices *indices, size_t column)
{
	return !(indices->columns->list[column].types & ~SQL_COLUMNS_TEXTS);
}

static const struct sql_index *made(const struct sql_indices *indices, size_t column)
{
	return indices->by_column ? indices->by_column[column] : NULL;
}

bool sql_index__decides(const struct sql_indices *indices, size_t column)
{
	uint32_t types = indices->columns->list[column].types;

	if (types & ~SQL_NUMBERS_TYPES)
		return false;
	return !(types & 1u << TTLOG_TYPE_U64) ||
	       (made(indices, column) && !made(indices, column)->has_others);
}

/* ---- Making one ---- */

bool sql_index__is_offered(const struct sql_indices *indices, size_t column, double *ret_rows)
{
	const uint32_t types = indices->columns->list[column].types;
	const struct sql_index *index = made(indices, column);
	uint64_t events = indices->store->event_cnt;

	if ((types & ~SQL_NUMBERS_TYPES && types & ~SQL_COLUMNS_TEXTS) ||
	    events > SQL_INDEX_MAX_EVENTS)
		return false;
	/* SQLite's own guess for an index without statistics. */
	*ret_rows = index ? (double)index->rows.row_cnt / (index->rows.key_cnt + 1) + 1 : 10;
	return index ||
	       indices->bytes + key_index__max_bytes(events, events) <= SQL_INDEX_MAX_BYTES;
}

/* The keys of all rows that have one, in the order of table events. */
static uint32_t collect(const struct sql_indices *indices, struct sql_values *values,
			uint64_t *keys, uint32_t *rows, bool *ret_has_others)
{
	struct ttlog_field field;
	uint64_t row;
	uint32_t cnt = 0;

	while (cnt < indices->store->event_cnt && sql_values__next(values, &field, &row)) {
		*ret_has_others |= is_beyond(&field);
		if (value_of(indices, &field, &keys[cnt]))
			rows[cnt++] = (uint32_t)row;
	}
	return cnt;
}

static struct sql_index *make(const struct sql_indices *indices, size_t column)
{
	uint32_t events = (uint32_t)indices->store->event_cnt, cnt = 0;
	uint64_t *keys = calloc(events + 1, sizeof(*keys));
	uint32_t *rows = calloc(events + 1, sizeof(*rows));
	struct sql_index *index = calloc(1, sizeof(*index));
	struct sql_values values;
	int err = sql_values__init(&values, indices->store, indices->columns, column);

	if (!keys || !rows || !index)
		err = -ENOMEM;
	if (!err)
		cnt = collect(indices, &values, keys, rows, &index->has_others);
	if (!err)
		err = key_index__init(&index->rows, keys, rows, cnt, events);
	sql_values__fini(&values);
	free(keys);
	free(rows);
	if (!err)
		return index;
	free(index);
	return NULL;
}

static const struct sql_index *get(struct sql_indices *indices, size_t column)
{
	if (!indices->by_column)
		indices->by_column = calloc(indices->columns->cnt + 1, sizeof(struct sql_index *));
	if (!indices->by_column)
		return NULL;
	if (!indices->by_column[column]) {
		indices->by_column[column] = make(indices, column);
		if (indices->by_column[column])
			indices->bytes += indices->by_column[column]->rows.bytes;
	}
	return indices->by_column[column];
}

void sql_indices__fini(struct sql_indices *indices)
{
	for (size_t i = 0; indices->by_column && i < indices->columns->cnt; i++) {
		if (indices->by_column[i])
			key_index__fini(&indices->by_column[i]->rows);
		free(indices->by_column[i]);
	}
	free((void *)indices->by_column);
	sql_numbers__fini(&indices->numbers, indices->columns);
	*indices = (struct sql_indices){ .by_column = NULL };
}

/* ---- Looking up ---- */

/* Each returns 1 and the key; 0: no value of the column equals it; -1: only SQLite knows. */

/* For a column of integers. */
static int key_of_real(double real, const struct sql_index *index, uint64_t *ret)
{
	/* Beyond an int64, several numbers equal the same real. */
	if (real >= -(double)INT64_MIN)
		return index->has_others ? -1 : 0;
	if (real < (double)INT64_MIN || (double)(int64_t)real != real)
		return 0;
	*ret = (uint64_t)(int64_t)real;
	return 1;
}

/* SQLite compares a text with a column of integers by its number, if it is one. Or returns
 * -ENOMEM. */
static int key_of_digits(sqlite3_value *value, const struct sql_index *index, uint64_t *ret)
{
	sqlite3_value *copy = sqlite3_value_dup(value);
	int type, found = 0;

	if (!copy)
		return -ENOMEM;
	type = sqlite3_value_numeric_type(copy);
	if (type == SQLITE_INTEGER) {
		*ret = (uint64_t)sqlite3_value_int64(copy);
		found = 1;
	} else if (type == SQLITE_FLOAT) {
		found = key_of_real(sqlite3_value_double(copy), index, ret);
	}
	sqlite3_value_free(copy);
	return found;
}

static int key_of(struct sql_hits *hits, sqlite3_value *value)
{
	int type = sqlite3_value_type(value);

	if (type == SQLITE_INTEGER && hits->is_exact) {
		hits->value = (uint64_t)sqlite3_value_int64(value);
		return 1;
	}
	if (!hits->is_exact) {
		if (type == SQLITE_TEXT)
			hits->value = hash_bytes(hits->indices, sql_value__text_of(value));
		return type == SQLITE_TEXT ? 1 : type == SQLITE_NULL ? 0 : -1;
	}
	if (type == SQLITE_FLOAT)
		return key_of_real(sqlite3_value_double(value), hits->index, &hits->value);
	return type == SQLITE_TEXT ? key_of_digits(value, hits->index, &hits->value) : 0;
}

int sql_hits__begin(struct sql_hits *hits, struct sql_indices *indices, size_t column,
		    sqlite3_value *value)
{
	int found;

	/* A join comes here for each of its rows. */
	if (!hits->index || hits->column != column) {
		hits->index = get(indices, column);
		if (!hits->index)
			return -ENOMEM;
		hits->indices = indices;
		hits->column = column;
		hits->is_exact = !sql_index__is_text(indices, column);
	}
	found = key_of(hits, value);
	if (found < 0)
		return found == -ENOMEM ? found : 0;
	hits->is_placed = false;
	hits->link = found ? key_index__find(&hits->index->rows, hits->value) : 0;
	return 1;
}

void sql_hits__end(struct sql_hits *hits)
{
	if (hits->kept)
		store__put(hits->indices->store, hits->kept);
	*hits = (struct sql_hits){ .indices = NULL };
}

void sql_hits__next(struct sql_hits *hits)
{
	hits->link = key_index__next(&hits->index->rows, hits->link);
	hits->is_placed = false;
}

/* ---- What is in a row ---- */

static const struct store_place *place_of(struct sql_hits *hits)
{
	if (!hits->is_placed)
		hits->place = store__place_of(hits->indices->store, key_index__row(hits->link));
	hits->is_placed = true;
	return &hits->place;
}

/* The row's chunk, loaded. NULL: it cannot be read. */
static struct ttlog_pinned *load(struct sql_hits *hits)
{
	const struct store_place *place = place_of(hits);
	struct store *store = hits->indices->store;

	if (hits->kept && hits->kept->idx == place->chunk && hits->kept->file == place->file)
		return hits->kept->pinned;
	store__put(store, hits->kept);
	hits->kept = store__get(store, place->file, place->chunk);
	if (hits->kept && ttlog_pinned_load(hits->kept->pinned)) {
		store__put(store, hits->kept);
		hits->kept = NULL;
	}
	return hits->kept ? hits->kept->pinned : NULL;
}

bool sql_hits__event(struct sql_hits *hits, struct ttlog_event *ret)
{
	struct ttlog_pinned *pinned = load(hits);

	if (pinned)
		ttlog_pinned_event(pinned, hits->place.at, ret);
	return pinned;
}

int64_t sql_hits__number(struct sql_hits *hits)
{
	const struct store_place *place = place_of(hits);

	return store__number(hits->indices->store, place->file, place->chunk, place->at);
}

/* Reads the value in the row's chunk. */
static void column_of_chunk(struct sql_hits *hits, size_t column, sqlite3_context *to)
{
	const struct sql_columns *columns = hits->indices->columns;
	const struct ttlog_column *values = NULL;
	const struct ttlog_chunk *chunk;
	struct ttlog_field field;
	struct ttlog_pinned *pinned = load(hits);
	uint32_t group;
	int i;

	if (!pinned)
		return;
	chunk = ttlog_pinned_chunk(pinned);
	group = ttlog_chunk_group(chunk, hits->place.at);
	i = sql_columns__field(columns, hits->place.file, chunk->groups[group].site, column);
	if (i >= 0)
		values = ttlog_pinned_column(pinned, group, (unsigned)i);
	if (!values)
		return;
	ttlog_column_field(values, ttlog_chunk_row(chunk, hits->place.at), &field);
	sql_value__field(to, &field, columns->list[column].is_decimal);
}

void sql_hits__column(struct sql_hits *hits, size_t column, sqlite3_context *to)
{
	struct sql_indices *indices = hits->indices;
	struct sql_numbers *numbers = &indices->numbers;
	uint64_t decoded_cnt;

	if (hits->is_exact && column == hits->column) {
		sqlite3_result_int64(to, (sqlite3_int64)hits->value);
		return;
	}
	if (sql_numbers__give(numbers, column, key_index__row(hits->link), to))
		return;
	decoded_cnt = indices->store->decoded_cnt;
	column_of_chunk(hits, column, to);
	sql_numbers__was_read(numbers, indices->store, indices->columns, column,
			      indices->store->decoded_cnt - decoded_cnt);
}
