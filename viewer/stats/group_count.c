/* SPDX-License-Identifier: MIT */
/*
 * Every event has the number of a cell: the first cell of its site, plus a number in the mixed
 * radix of its fields' distinct values, whose last digit is its thread. So counting is one loop.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "group_count.h"

#define MAX_CELLS TTLOG_CHUNK_MAX_EVENTS
/* Whole columns are read: not worth it for a few of a chunk's events. */
#define MIN_SHARE 4u

struct group_count {
	struct count_cell cells[MAX_CELLS];
	uint32_t codes[TTLOG_CHUNK_MAX_EVENTS];           /* by group, then by row */
	uint32_t code_starts[TTLOG_CHUNK_MAX_EVENTS];     /* by group: into codes */
	uint32_t cell_starts[TTLOG_CHUNK_MAX_EVENTS + 1]; /* by group: into cells */
	uint32_t threads; /* cells for a code: 1, or one for each thread */
	uint32_t cell_cnt;
	bool has_rows;
	uint32_t rows[TTLOG_CHUNK_MAX_EVENTS]; /* cell by cell */
};

struct group_count *group_count__new(void)
{
	return malloc(sizeof(struct group_count));
}

/* ---- Columns to digits ---- */

/* A column whose values are small numbers. */
struct digits {
	const uint64_t *values;
	uint64_t base; /* the smallest value */
	uint64_t cnt;  /* how many numbers there can be */
};

bool group_count__is_int(uint8_t type)
{
	return type == TTLOG_TYPE_BOOL || type == TTLOG_TYPE_CHAR ||
	       (type >= TTLOG_TYPE_I8 && type <= TTLOG_TYPE_U64);
}

static int find_digits(const struct ttlog_column *column, uint32_t cnt, struct digits *ret)
{
	const uint64_t flip = ttlog_type_is_signed(column->type) ? UINT64_C(1) << 63 : 0;
	uint64_t min = UINT64_MAX, max = 0;

	if (column->index) {
		*ret = (struct digits){ column->index, 0, column->text_cnt };
		return 0;
	}
	if (column->nulls || !group_count__is_int(column->type))
		return -E2BIG;
	for (uint32_t i = 0; i < cnt; i++) {
		uint64_t v = column->nums[i] ^ flip;

		min = v < min ? v : min;
		max = v > max ? v : max;
	}
	if (max - min >= MAX_CELLS)
		return -E2BIG;
	*ret = (struct digits){ column->nums, min ^ flip, max - min + 1 };
	return 0;
}

/* NULL: all events of the group have the same value, or none. */
static const struct ttlog_column *varying_column(const struct ttlog_event *event,
						 struct ttlog_text key)
{
	for (unsigned i = 0; i < event->site->nfields; i++) {
		const struct ttlog_column *column;

		if (!ttlog_text_equal(event->site->keys[i], key))
			continue;
		column = ttlog_event_column(event, i);
		return column && !ttlog_column_is_const(column) ? column : NULL;
	}
	return NULL;
}

/* Returns how many codes the group's events can have, or -E2BIG. */
static int encode_group(uint32_t *codes, const struct ttlog_event *event, uint32_t cnt,
			const struct count_keys *keys)
{
	uint64_t radix = 1;

	for (unsigned i = 0; i < keys->field_cnt; i++) {
		const struct ttlog_column *column = varying_column(event, keys->fields[i]);
		struct digits digits;

		if (!column)
			continue;
		if (find_digits(column, cnt, &digits) || radix * digits.cnt > MAX_CELLS)
			return -E2BIG;
		for (uint32_t row = 0; row < cnt; row++)
			codes[row] = (radix > 1 ? codes[row] * (uint32_t)digits.cnt : 0) +
				     (uint32_t)(digits.values[row] - digits.base);
		radix *= digits.cnt;
	}
	if (radix == 1)
		memset(codes, 0, cnt * sizeof(*codes));
	return (int)radix;
}

/* ---- Counting ---- */

static void count(struct count_cell *cell, uint32_t position)
{
	if (!cell->cnt++)
		cell->first = position;
	cell->last = position;
}

static void count_one_site(struct group_count *counter, const struct ttlog_run *run)
{
	for (uint32_t i = 0; i < run->cnt; i++) {
		uint32_t position = ttlog_run_at(run, i);

		count(&counter->cells[counter->codes[position]], position);
	}
}

static struct count_cell *cell_of(struct group_count *counter, const struct ttlog_chunk *chunk,
				  uint32_t position)
{
	uint32_t group = ttlog_chunk_group(chunk, position);
	uint32_t code =
		counter->codes[counter->code_starts[group] + ttlog_chunk_row(chunk, position)];
	uint32_t cell = (counter->cell_starts[group] + code) * counter->threads;

	if (counter->threads > 1)
		cell += ttlog_chunk_thread(chunk, position);
	return &counter->cells[cell];
}

static void count_sites(struct group_count *counter, const struct ttlog_run *run)
{
	const struct ttlog_chunk *chunk = ttlog_snapshot_chunk(run->snapshot);

	for (uint32_t i = 0; i < run->cnt; i++) {
		uint32_t position = ttlog_run_at(run, i);

		count(cell_of(counter, chunk, position), position);
	}
}

/* Makes the codes of all groups. Returns how many cells a thread has. */
static int encode_groups(struct group_count *counter, const struct ttlog_run *run,
			 const struct count_keys *keys)
{
	const struct ttlog_chunk *chunk = ttlog_snapshot_chunk(run->snapshot);
	uint32_t row_cnt = 0, cell_cnt = 0;

	for (uint32_t g = 0; g < chunk->group_cnt; g++) {
		struct ttlog_event event;
		int cnt;

		ttlog_snapshot_group_event(run->snapshot, g, &event);
		cnt = encode_group(counter->codes + row_cnt, &event, chunk->groups[g].cnt, keys);
		if (cnt < 0)
			return cnt;
		counter->code_starts[g] = row_cnt;
		counter->cell_starts[g] = cell_cnt;
		row_cnt += chunk->groups[g].cnt;
		cell_cnt += (uint32_t)cnt;
		if (cell_cnt > MAX_CELLS)
			return -E2BIG;
	}
	counter->cell_starts[chunk->group_cnt] = cell_cnt;
	return (int)cell_cnt;
}

int group_count__run(struct group_count *counter, const struct ttlog_run *run,
		     const struct count_keys *keys, const struct count_cell **ret_cells)
{
	const struct ttlog_chunk *chunk = ttlog_snapshot_chunk(run->snapshot);
	bool by_thread = keys->by_thread && chunk->thread_mask;
	uint64_t threads = by_thread ? ttlog_snapshot_info(run->snapshot)->thread_cnt : 1;
	int cnt;

	if ((uint64_t)run->cnt * MIN_SHARE < chunk->n)
		return -E2BIG;
	cnt = encode_groups(counter, run, keys);
	if (cnt < 0 || (uint64_t)cnt * threads > MAX_CELLS)
		return -E2BIG;
	cnt *= (int)threads;
	memset(counter->cells, 0, (size_t)cnt * sizeof(*counter->cells));
	counter->threads = (uint32_t)threads;
	counter->cell_cnt = (uint32_t)cnt;
	counter->has_rows = false;
	*ret_cells = counter->cells;
	if (cnt == 1)
		counter->cells[0] = (struct count_cell){
			.cnt = run->cnt,
			.first = ttlog_run_at(run, 0),
			.last = ttlog_run_at(run, run->cnt - 1),
		};
	else if (chunk->group_cnt == 1 && threads == 1)
		count_one_site(counter, run);
	else
		count_sites(counter, run);
	return cnt;
}

/* ---- Rows ---- */

static void sort_rows(struct group_count *counter, const struct ttlog_run *run)
{
	const struct ttlog_chunk *chunk = ttlog_snapshot_chunk(run->snapshot);
	uint32_t at = 0;

	for (uint32_t i = 0; i < counter->cell_cnt; i++) {
		counter->cells[i].end = at;
		at += counter->cells[i].cnt;
	}
	for (uint32_t i = 0; i < run->cnt; i++) {
		uint32_t position = ttlog_run_at(run, i);

		counter->rows[cell_of(counter, chunk, position)->end++] =
			ttlog_chunk_row(chunk, position);
	}
	counter->has_rows = true;
}

uint32_t group_count__first_cell(const struct group_count *counter, uint32_t group)
{
	return counter->cell_starts[group] * counter->threads;
}

const uint32_t *group_count__sorted_rows(struct group_count *counter, const struct ttlog_run *run)
{
	if (!counter->has_rows)
		sort_rows(counter, run);
	return counter->rows;
}

const uint32_t *group_count__rows(struct group_count *counter, const struct ttlog_run *run,
				  const struct count_cell *cell)
{
	const struct ttlog_chunk *chunk = ttlog_snapshot_chunk(run->snapshot);

	if (cell->cnt == chunk->groups[ttlog_chunk_group(chunk, cell->first)].cnt)
		return NULL;
	return group_count__sorted_rows(counter, run) + cell->end - cell->cnt;
}
