/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>

#include "hash.h"
#include "sql_index.h"
#include "sql_parts.h"
#include "sql_scan.h"
#include "sql_value.h"

#define TEXTS                                                                                      \
	(1u << TTLOG_TYPE_STR | 1u << TTLOG_TYPE_CHAR | 1u << TTLOG_TYPE_PTR | 1u << TTLOG_TYPE_HEX)
#define NUMBERS                                                                                    \
	(1u << TTLOG_TYPE_BOOL | 1u << TTLOG_TYPE_I8 | 1u << TTLOG_TYPE_I16 |                      \
	 1u << TTLOG_TYPE_I32 | 1u << TTLOG_TYPE_I64 | 1u << TTLOG_TYPE_U8 |                       \
	 1u << TTLOG_TYPE_U16 | 1u << TTLOG_TYPE_U32 | 1u << TTLOG_TYPE_U64)

/* ---- Values ---- */

/* Of a text as SQL has it. */
static uint64_t hash_text(struct out *scratch, struct ttlog_text text, bool cut)
{
	if (!cut && sql_value__is_clean(text))
		return hash__text(text);
	out__clear(scratch);
	sql_value__show(scratch, text, cut);
	return hash__text(out__written(scratch));
}

/* False: nothing equals it. To SQL, what is beyond an int64 is no integer. */
static bool value_of(struct out *scratch, const struct ttlog_field *field, uint64_t *ret)
{
	char buf[TTLOG_FIELD_TEXT_BYTES];

	if (field->null || (field->type == TTLOG_TYPE_U64 && field->u > INT64_MAX))
		return false;
	if (1u << field->type & NUMBERS)
		*ret = field->u;
	else
		*ret = hash_text(scratch, ttlog_field_text(field, buf), field->cut);
	return true;
}

bool sql_index__is_text(const struct sql *sql, size_t column)
{
	return !(sql->columns.list[column].types & ~TEXTS);
}

/* ---- Making one ---- */

static void index__free(struct sql_index *index)
{
	if (!index)
		return;
	free(index->rows);
	free(index->ends);
	free(index);
}

static size_t bytes_of(uint64_t rows)
{
	return sizeof(struct sql_index) + rows * sizeof(struct sql_index_row) +
	       (sizeof(uint32_t) << 2) * (rows + 1);
}

bool sql_index__is_offered(const struct sql *sql, size_t column, double *ret_rows)
{
	const uint32_t types = sql->columns.list[column].types;
	const struct sql_index *index = sql->indices.by_column ? sql->indices.by_column[column]
							       : NULL;

	if ((types & ~NUMBERS && types & ~TEXTS) || sql->store.event_cnt > SQL_INDEX_MAX_EVENTS)
		return false;
	/* As many as SQLite takes for an index of its own of which it knows nothing. */
	*ret_rows = index ? (double)index->cnt / (index->value_cnt + 1) + 1 : 10;
	return index || sql->indices.bytes + bytes_of(sql->store.event_cnt) <= SQL_INDEX_MAX_BYTES;
}

/* Where the column is in the events of one site of a chunk. */
struct source {
	const struct ttlog_chunk *chunk; /* NULL: of none */
	uint32_t group;
	const struct ttlog_column *column; /* NULL: it is not there */
};

static void find_source(struct source *ret, const struct sql *sql, const struct sql_scan *scan,
			size_t column)
{
	const struct sql_scan_file *top = scan->top;
	int field;

	*ret = (struct source){ .chunk = top->events,
				.group = ttlog_chunk_group(top->events, top->at) };
	field = sql_columns__field(&sql->columns, sql_scan__file(scan),
				   top->events->groups[ret->group].site, column);
	if (field >= 0)
		ret->column = ttlog_kept_column(top->kept->kept, ret->group, (unsigned)field);
}

static uint32_t first_chunk(const struct store *store, size_t file)
{
	size_t cnt = 0;

	for (size_t i = 0; i < file; i++)
		cnt += store->files[i].chunk_cnt;
	return (uint32_t)cnt;
}

/* All rows that have a value, in their order. */
static uint32_t collect(struct sql *sql, struct sql_scan *scan, size_t column,
			struct sql_index_row *rows)
{
	struct source source = { .chunk = NULL };
	struct ttlog_field field;
	uint32_t cnt = 0, chunk = 0;

	for (; !sql_scan__is_over(scan) && cnt < sql->store.event_cnt; sql_scan__next(scan)) {
		const struct sql_scan_file *top = scan->top;
		uint32_t group = ttlog_chunk_group(top->events, top->at);

		if (source.chunk != top->events || source.group != group) {
			find_source(&source, sql, scan, column);
			chunk = first_chunk(&sql->store, sql_scan__file(scan)) +
				(uint32_t)top->chunk;
		}
		if (!source.column)
			continue;
		ttlog_column_field(source.column, ttlog_chunk_row(top->events, top->at), &field);
		if (!value_of(&sql->scratch, &field, &rows[cnt].value))
			continue;
		rows[cnt].chunk = chunk;
		rows[cnt++].at = top->at;
	}
	return cnt;
}

static inline uint32_t bucket_of(const struct sql_index *index, uint64_t value)
{
	return (uint32_t)(hash__number(value) >> 32 >> (32 - index->bits));
}

/* Into buckets, in each in their order. */
static int sort(struct sql_index *ret, const struct sql_index_row *rows, uint32_t cnt)
{
	uint32_t buckets, begin = 0;

	while (1u << ret->bits < cnt)
		ret->bits++;
	buckets = 1u << ret->bits;
	ret->rows = calloc((size_t)cnt + 1, sizeof(*ret->rows));
	ret->ends = calloc(buckets, sizeof(*ret->ends));
	if (!ret->rows || !ret->ends)
		return -ENOMEM;
	ret->cnt = cnt;
	for (uint32_t i = 0; i < cnt; i++)
		ret->ends[bucket_of(ret, rows[i].value)]++;
	for (uint32_t i = 0; i < buckets; i++) {
		uint32_t n = ret->ends[i];

		ret->value_cnt += !!n;
		ret->ends[i] = begin; /* until each has its rows */
		begin += n;
	}
	for (uint32_t i = 0; i < cnt; i++)
		ret->rows[ret->ends[bucket_of(ret, rows[i].value)]++] = rows[i];
	return 0;
}

static struct sql_index *make(struct sql *sql, size_t column)
{
	struct sql_index_row *rows = calloc(sql->store.event_cnt + 1, sizeof(*rows));
	struct sql_index *index = calloc(1, sizeof(*index));
	struct sql_where all = { .files = NULL };
	struct sql_scan scan = { .store = NULL };
	int err = rows && index ? sql_where__init(&all, sql, "", 0, NULL) : -ENOMEM;

	if (!err)
		err = sql_scan__init(&scan, &sql->store, &all);
	if (!err)
		err = sort(index, rows, collect(sql, &scan, column, rows));
	sql_scan__fini(&scan);
	sql_where__fini(&all);
	free(rows);
	if (!err)
		return index;
	index__free(index);
	return NULL;
}

static const struct sql_index *get(struct sql *sql, size_t column)
{
	struct sql_indices *indices = &sql->indices;

	if (!indices->by_column)
		indices->by_column = calloc(sql->columns.cnt + 1, sizeof(struct sql_index *));
	if (!indices->by_column)
		return NULL;
	if (!indices->by_column[column]) {
		indices->by_column[column] = make(sql, column);
		if (indices->by_column[column])
			indices->bytes += bytes_of(indices->by_column[column]->cnt);
	}
	return indices->by_column[column];
}

void sql_indices__fini(struct sql_indices *indices, size_t column_cnt)
{
	for (size_t i = 0; indices->by_column && i < column_cnt; i++)
		index__free(indices->by_column[i]);
	free((void *)indices->by_column);
	*indices = (struct sql_indices){ .by_column = NULL };
}

/* ---- Looking up ---- */

/* To a row with the hash whose chunk is there, from this one on. */
static void settle(struct sql_hits *hits)
{
	for (; hits->row < hits->end; hits->row++) {
		uint32_t chunk = hits->row->chunk;

		if (hits->row->value != hits->value)
			continue;
		if (hits->kept && hits->chunk == chunk)
			return;
		store__put(hits->store, hits->kept);
		hits->chunk = chunk;
		for (hits->file = 0; chunk >= hits->store->files[hits->file].chunk_cnt;)
			chunk -= (uint32_t)hits->store->files[hits->file++].chunk_cnt;
		hits->kept = store__get(hits->store, hits->file, chunk);
		if (hits->kept && !ttlog_kept_load(hits->kept->kept))
			return;
		store__put(hits->store, hits->kept);
		hits->kept = NULL;
	}
}

int sql_hits__begin(struct sql_hits *hits, struct sql *sql, size_t column, sqlite3_value *value)
{
	bool is_text = sql_index__is_text(sql, column);
	int type = sqlite3_value_type(value);
	const struct sql_index *index;
	uint32_t bucket;

	if (type != SQLITE_NULL && type != (is_text ? SQLITE_TEXT : SQLITE_INTEGER))
		return 0;
	index = get(sql, column);
	if (!index)
		return 0;
	hits->store = &sql->store;
	hits->row = hits->end = index->rows;
	/* Nothing equals NULL. */
	if (type == SQLITE_NULL)
		return 1;
	hits->column = column;
	hits->is_exact = !is_text;
	hits->value = is_text ? hash__text(sql_value__text_of(value))
			      : (uint64_t)sqlite3_value_int64(value);
	bucket = bucket_of(index, hits->value);
	hits->row = index->rows + (bucket ? index->ends[bucket - 1] : 0);
	hits->end = index->rows + index->ends[bucket];
	settle(hits);
	return 1;
}

void sql_hits__end(struct sql_hits *hits)
{
	if (hits->kept)
		store__put(hits->store, hits->kept);
	*hits = (struct sql_hits){ .store = NULL };
}

void sql_hits__next(struct sql_hits *hits)
{
	hits->row++;
	settle(hits);
}

void sql_hits__event(const struct sql_hits *hits, struct ttlog_event *ret)
{
	ttlog_kept_event(hits->kept->kept, hits->row->at, ret);
}

int64_t sql_hits__number(const struct sql_hits *hits)
{
	return store__number(hits->store, hits->file, hits->kept->idx, hits->row->at);
}

void sql_hits__column(const struct sql_hits *hits, const struct sql *sql, size_t column,
		      sqlite3_context *to)
{
	struct ttlog_kept *kept = hits->kept->kept;
	const struct ttlog_chunk *chunk = ttlog_kept_chunk(kept);
	const struct ttlog_column *values;
	struct ttlog_field field;
	uint32_t group;
	int i;

	if (hits->is_exact && column == hits->column) {
		sqlite3_result_int64(to, (sqlite3_int64)hits->value);
		return;
	}
	group = ttlog_chunk_group(chunk, hits->row->at);
	i = sql_columns__field(&sql->columns, hits->file, chunk->groups[group].site, column);
	values = i < 0 ? NULL : ttlog_kept_column(kept, group, (unsigned)i);
	if (!values)
		return;
	ttlog_column_field(values, ttlog_chunk_row(chunk, hits->row->at), &field);
	sql_value__field(to, &field, sql->columns.list[column].is_decimal);
}
