/* SPDX-License-Identifier: MIT */
/*
 * Counts a run's events cell by cell (group_count.h). The group of a cell takes its rows of each
 * numeric column at once. If cells are many and small, their data lies all over memory: then the
 * columns are put into the cells' order first, and memory is prefetched some cells ahead.
 */
#include <errno.h>
#include <stdlib.h>

#include "stats_parts.h"
#include <ttlog/read.h>

/* A cell of fewer rows is small. */
#define SMALL_CELL 64u
/* Memory is prefetched so many cells ahead. */
#define AHEAD      16u

/* ---- Parts ---- */

/* Finds the groups of all parts, step by step: each step may miss the cache, and so the misses of
 * all parts overlap. */
static int find_groups(struct stats *stats)
{
	for (unsigned i = 0; i < stats->part_cnt; i++) {
		const struct stats_part *part = &stats->parts[i];

		if (!part->group)
			stats__prefetch_group(stats, part->hash);
	}
	for (unsigned i = 0; i < stats->part_cnt; i++) {
		struct stats_part *part = &stats->parts[i];

		if (!part->group) {
			part->group = stats__find_group(stats, stats->part_keys[i], part->key_len,
							part->hash);
			if (!part->group)
				return -ENOMEM;
			if (part->has_memo_key)
				group_memo__add(&stats->memo, &part->memo_key, part->group);
		}
		stats__add(stats, part->group, part->cnt, part->first_ns, part->last_ns);
		stats_part__prefetch_fields(part);
	}
	for (unsigned i = 0; i < stats->part_cnt; i++)
		stats_part__prefetch_aggregates(&stats->parts[i]);
	return 0;
}

static int flush_parts(struct stats *stats)
{
	int err = find_groups(stats);

	for (unsigned i = 0; !err && i < stats->part_cnt; i++)
		stats__add_fields(stats, &stats->parts[i]);
	stats->part_cnt = 0;
	return err;
}

/* NULL: no memory for the groups of earlier parts. */
static struct group_columns *columns_of(struct stats *stats, const struct ttlog_event *event)
{
	struct group_columns *columns = &stats->columns[event->group % STATS_COLUMNS];

	if (columns->is_there && columns->group == event->group)
		return columns;
	if (flush_parts(stats))
		return NULL;
	group_columns__init(columns, stats, event);
	columns->is_there = true;
	return columns;
}

static void forget_columns(struct stats *stats)
{
	for (unsigned i = 0; i < STATS_COLUMNS; i++)
		stats->columns[i].is_there = false;
}

static struct group_memo_key memo_key(const struct group_columns *columns,
				      const struct ttlog_thread *thread, uint32_t row)
{
	struct group_memo_key key = { columns->site, thread, { 0 } };

	for (unsigned i = 0; i < columns->number_cnt; i++)
		key.numbers[i] = columns->numbers[i]->nums[row & columns->numbers[i]->mask];
	return key;
}

/* Begins a part, with its group if that is known. */
static struct stats_part *begin_part(struct stats *stats, const struct group_columns *columns,
				     const struct ttlog_thread *thread, uint32_t row)
{
	struct stats_part *part = &stats->parts[stats->part_cnt++];

	part->columns = columns;
	part->group = NULL;
	part->has_memo_key = columns->has_numbers && !stats->memo.is_useless;
	if (part->has_memo_key) {
		part->memo_key = memo_key(columns, thread, row);
		part->group = group_memo__find(&stats->memo, &part->memo_key);
	}
	if (part->group)
		__builtin_prefetch(part->group, 1);
	return part;
}

/* Begins a part for the group of an event. */
static void set_key(struct stats *stats, struct stats_part *part, const struct ttlog_event *event)
{
	unsigned char *key = stats->part_keys[part - stats->parts];

	part->key_len = stats__make_key(stats, event, key);
	part->hash = stats__hash(stats, key, part->key_len);
}

static int end_part(struct stats *stats)
{
	return stats->part_cnt == STATS_PARTS ? flush_parts(stats) : 0;
}

/* ---- One by one ---- */

static int count_event(struct stats *stats, const struct ttlog_event *event)
{
	const struct group_columns *columns = columns_of(stats, event);
	struct stats_part *part;

	if (!columns)
		return -ENOMEM;
	part = begin_part(stats, columns, stats->count_keys.by_thread ? event->thread : NULL,
			  event->row);
	part->row = event->row;
	part->rows = &part->row;
	part->cnt = 1;
	part->first_ns = part->last_ns = event->real_ns;
	if (!part->group)
		set_key(stats, part, event);
	return end_part(stats);
}

/* ---- Cells ---- */

/* The cells of one group of a chunk. */
struct cells {
	const struct ttlog_run *run;
	const struct ttlog_chunk *chunk;
	const struct ttlog_info *info;
	const struct count_cell *cells;
	uint32_t cnt;
	const struct group_columns *columns;
	const uint32_t *rows; /* sorted; NULL: the cells are large */
};

static const struct ttlog_thread *thread_of(const struct stats *stats, const struct cells *cells,
					    uint32_t position)
{
	if (!stats->count_keys.by_thread)
		return NULL;
	return cells->info->threads[ttlog_chunk_thread(cells->chunk, position)];
}

/* Prefetches what is far. */
static void prefetch_cell(const struct cells *cells, const struct count_cell *cell)
{
	const struct group_columns *columns = cells->columns;

	__builtin_prefetch(&cells->chunk->mono_ns[cell->first]);
	__builtin_prefetch(&cells->chunk->mono_ns[cell->last]);
	for (unsigned i = 0; i < columns->number_cnt; i++) {
		uint32_t row = cells->rows[cell->end - cell->cnt];

		__builtin_prefetch(&columns->numbers[i]->nums[row & columns->numbers[i]->mask]);
	}
}

/* Any event of a cell stands for all when the group is looked for. */
static int count_cell(struct stats *stats, const struct cells *cells, const struct count_cell *cell)
{
	const struct ttlog_chunk *chunk = cells->chunk;
	const uint32_t row = ttlog_chunk_row(chunk, cell->first);
	struct stats_part *part =
		begin_part(stats, cells->columns, thread_of(stats, cells, cell->first), row);

	part->rows = cells->rows ? cells->rows + cell->end - cell->cnt
				 : group_count__rows(stats->counter, cells->run, cell);
	part->from = cell->end - cell->cnt;
	part->cnt = cell->cnt;
	part->first_ns = ttlog_info_real_ns(cells->info, chunk->mono_ns[cell->first]);
	part->last_ns = ttlog_info_real_ns(cells->info, chunk->mono_ns[cell->last]);
	if (!part->group) {
		struct ttlog_event event;

		ttlog_snapshot_event(cells->run->snapshot, cell->first, &event);
		set_key(stats, part, &event);
	}
	return end_part(stats);
}

/* A loop that only fetches: the processor has many loads under way. */
static void sort_column(struct field_column *field, uint64_t *to, const uint32_t *rows,
			uint32_t from, uint32_t end)
{
	if (!field->column->mask || !field->can_wait)
		return;
	for (uint32_t i = from; i < end; i++)
		to[i] = field->numbers[rows[i]];
	field->sorted = to;
}

/* Makes room for sorted columns of a chunk of so many events. Parts of this chunk that wait may
 * already use it: for one chunk it is never less. */
static bool reserve_sorted(struct stats *stats, uint32_t events)
{
	size_t each = events + FIELD_COPY;

	if (each > stats->sorted_cap) {
		free(stats->sorted);
		stats->sorted = malloc(TTLOG_MAX_FIELDS * each * sizeof(*stats->sorted));
		stats->sorted_cap = stats->sorted ? each : 0;
	}
	return stats->sorted;
}

/* Sorts the columns. Without memory, values are taken from the columns. */
static void sort_columns(struct stats *stats, struct group_columns *columns,
			 const struct cells *cells, uint32_t from, uint32_t end)
{
	if (!reserve_sorted(stats, cells->chunk->n))
		return;
	for (unsigned i = 0; i < columns->field_cnt; i++)
		sort_column(&columns->fields[i], stats->sorted + i * stats->sorted_cap, cells->rows,
			    from, end);
}

static int count_group(struct stats *stats, struct cells *cells, uint32_t group, bool are_small)
{
	struct group_columns *columns;
	struct ttlog_event event;
	int err = 0;

	ttlog_snapshot_group_event(cells->run->snapshot, group, &event);
	columns = columns_of(stats, &event);
	if (!columns)
		return -ENOMEM;
	cells->columns = columns;
	cells->rows = NULL;
	if (are_small) {
		const struct count_cell *last = &cells->cells[cells->cnt - 1];

		cells->rows = group_count__sorted_rows(stats->counter, cells->run);
		sort_columns(stats, columns, cells, cells->cells->end - cells->cells->cnt,
			     last->end);
	}
	for (uint32_t i = 0; !err && i < cells->cnt; i++) {
		if (cells->rows && i + AHEAD < cells->cnt && cells->cells[i + AHEAD].cnt)
			prefetch_cell(cells, &cells->cells[i + AHEAD]);
		if (cells->cells[i].cnt)
			err = count_cell(stats, cells, &cells->cells[i]);
	}
	return err;
}

static int count_cells(struct stats *stats, const struct ttlog_run *run,
		       const struct count_cell *all)
{
	struct cells cells = {
		.run = run,
		.chunk = ttlog_snapshot_chunk(run->snapshot),
		.info = ttlog_snapshot_info(run->snapshot),
	};
	int err = 0;

	for (uint32_t g = 0; !err && g < cells.chunk->group_cnt; g++) {
		uint32_t first = group_count__first_cell(stats->counter, g), used = 0;
		uint64_t events = 0;

		cells.cells = all + first;
		cells.cnt = group_count__first_cell(stats->counter, g + 1) - first;
		for (uint32_t i = 0; i < cells.cnt; i++) {
			used += cells.cells[i].cnt != 0;
			events += cells.cells[i].cnt;
		}
		if (used)
			err = count_group(stats, &cells, g, events < (uint64_t)used * SMALL_CELL);
	}
	return err;
}

/* ---- Calls that were left out ---- */

/* Few events have some, and few chunks have such events. All groups are there. */
static int add_suppressed(struct stats *stats, const struct ttlog_run *run)
{
	const struct ttlog_column *counts = ttlog_snapshot_suppressed(run->snapshot);
	unsigned char *key = stats->part_keys[0];

	for (uint32_t i = 0; counts && i < run->cnt; i++) {
		const uint32_t position = ttlog_run_at(run, i);
		const uint64_t cnt = counts->nums[position & counts->mask];
		struct ttlog_event event;
		struct group *group;
		size_t len;

		if (!cnt)
			continue;
		ttlog_snapshot_event(run->snapshot, position, &event);
		len = stats__make_key(stats, &event, key);
		group = stats__find_group(stats, key, len, stats__hash(stats, key, len));
		if (!group)
			return -ENOMEM;
		group->suppressed += cnt;
		stats->suppressed += cnt;
	}
	return 0;
}

int stats__run(struct stats *stats, const struct ttlog_run *run)
{
	const struct count_cell *cells;
	int cnt = group_count__run(stats->counter, run, &stats->count_keys, &cells), err = 0;

	forget_columns(stats);
	if (cnt >= 0)
		err = count_cells(stats, run, cells);
	for (uint32_t i = 0; !err && cnt < 0 && i < run->cnt; i++) {
		struct ttlog_event event;

		ttlog_snapshot_event(run->snapshot, ttlog_run_at(run, i), &event);
		err = count_event(stats, &event);
	}
	if (!err)
		err = flush_parts(stats);
	return err ? err : add_suppressed(stats, run);
}
