/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>

#include "sql_scan.h"

/* ---- One file ---- */

/* How many groups of the chunk are of a site that may match. */
static uint32_t count_groups(const struct sql_bounds_file *bounds, const struct ttlog_chunk *chunk)
{
	uint32_t cnt = 0;

	for (uint32_t g = 0; g < chunk->group_cnt; g++)
		cnt += bounds->sites[chunk->groups[g].site] != 0;
	return cnt;
}

static bool every_thread(const struct sql_scan_file *file)
{
	const struct ttlog_chunk *chunk = file->events;

	for (uint32_t i = 0; i < (chunk->thread_mask ? file->n : 1); i++) {
		if (!file->bounds->threads[ttlog_chunk_thread(chunk, file->from + i)])
			return false;
	}
	return true;
}

static uint64_t real_shift(const struct sql_scan_file *file)
{
	const struct ttlog_info *header = ttlog_snapshot_info(file->file->reader);

	return header->real_ns - header->mono_ns;
}

static bool is_within(const struct sql_scan_file *file)
{
	return file->at - file->from < file->n;
}

/* How many events of the chunk come before the first time that matters, or up to the last one. */
static uint32_t count_before(const struct sql_bounds *bounds, const struct ttlog_chunk *chunk,
			     uint64_t shift, bool is_end)
{
	uint32_t low = 0, high = chunk->n;

	while (low < high) {
		uint32_t mid = low + (high - low) / 2;
		uint64_t mono_ns = chunk->mono_ns[mid], real_ns = mono_ns + shift;

		if (is_end ? mono_ns <= bounds->last_mono_ns && real_ns <= bounds->last_real_ns
			   : mono_ns < bounds->first_mono_ns || real_ns < bounds->first_real_ns)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* Narrows the chunk to the events that may match by time, with a binary search: a join asks for one
 * time a row. If wall time passes 2^64 within the chunk, all events stay. Returns whether each
 * event that stays matches. */
static bool narrow(const struct sql_scan *scan, struct sql_scan_file *file)
{
	const struct ttlog_chunk *chunk = file->events;
	uint64_t shift = real_shift(file);

	file->from = 0;
	file->n = chunk->n;
	if (sql_bounds__has_all(scan->bounds, chunk->first_ns, chunk->last_ns, shift))
		return true;
	if (chunk->first_ns + shift > chunk->last_ns + shift)
		return false;
	file->from = count_before(scan->bounds, chunk, shift, false);
	file->n = count_before(scan->bounds, chunk, shift, true);
	file->n = file->n > file->from ? file->n - file->from : 0;
	return true;
}

/* Loads the chunk as the file's current one. False: none of its events matches. */
static bool enter(struct sql_scan *scan, struct sql_scan_file *file)
{
	const struct sql_bounds_file *bounds = file->bounds;
	const struct ttlog_chunk *chunk;
	uint32_t group_cnt;
	bool is_in_time;

	file->kept =
		store__get(scan->store, (size_t)(file->file - scan->store->files), file->chunk);
	if (!file->kept)
		return false;
	chunk = file->events = ttlog_pinned_chunk(file->kept->pinned);
	group_cnt = bounds->sites ? count_groups(bounds, chunk) : chunk->group_cnt;
	if ((bounds->sites && !group_cnt) || ttlog_pinned_load(file->kept->pinned)) {
		store__put(scan->store, file->kept);
		file->kept = NULL;
		return false;
	}
	is_in_time = narrow(scan, file);
	file->at = file->from + (scan->flip ? file->n - 1 : 0);
	file->is_open = is_in_time &&
			!(file->file->repeated && file->file->repeated[file->chunk]) &&
			group_cnt == chunk->group_cnt && (!bounds->threads || every_thread(file));
	scan->store->passed_cnt += file->n;
	return true;
}

static bool gets_through(const struct sql_scan *scan, const struct sql_scan_file *file)
{
	const struct ttlog_chunk *chunk = file->events;
	uint64_t mono_ns = chunk->mono_ns[file->at];

	return (!file->bounds->sites ||
		file->bounds->sites[chunk->groups[ttlog_chunk_group(chunk, file->at)].site]) &&
	       (!file->bounds->threads ||
		file->bounds->threads[ttlog_chunk_thread(chunk, file->at)]) &&
	       sql_bounds__is_in_time(scan->bounds, mono_ns, mono_ns + real_shift(file)) &&
	       !store__is_repeated(file->file, file->chunk, file->at);
}

/* Goes to the next chunk that may match, from file->chunk on. It is not loaded before the merge
 * comes to it. */
static void find_chunk(const struct sql_scan *scan, struct sql_scan_file *file)
{
	for (; file->chunk < file->file->chunk_cnt; file->chunk += scan->step) {
		const struct ttlog_chunk_place *chunk = store__place(file->file, file->chunk);

		if (!chunk->n || sql_bounds__has_none(scan->bounds, chunk->first_ns, chunk->last_ns,
						      real_shift(file)))
			continue;
		file->key = ((scan->flip ? chunk->last_ns : chunk->first_ns) + file->file->shift) ^
			    scan->flip;
		return;
	}
	file->is_over = true;
}

/* Goes to the next event that matches, from file->at on. False: the chunk has no more, and the file
 * goes on to its next chunk. */
static bool find_event(struct sql_scan *scan, struct sql_scan_file *file)
{
	if (!file->is_open) {
		while (is_within(file) && !gets_through(scan, file))
			file->at += (uint32_t)scan->step;
	}
	if (is_within(file)) {
		file->key = (file->events->mono_ns[file->at] + file->file->shift) ^ scan->flip;
		return true;
	}
	store__put(scan->store, file->kept);
	file->kept = NULL;
	file->chunk += scan->step;
	find_chunk(scan, file);
	return false;
}

/* ---- The merge ---- */

static bool comes_before(const struct sql_scan_file *a, const struct sql_scan_file *b)
{
	return a->key != b->key ? a->key < b->key : a < b;
}

static void find_first_two(struct sql_scan *scan)
{
	scan->top = scan->next = NULL;
	for (size_t i = 0; i < scan->store->file_cnt; i++) {
		struct sql_scan_file *file = &scan->files[i];

		if (file->is_over)
			continue;
		if (!scan->top || comes_before(file, scan->top)) {
			scan->next = scan->top;
			scan->top = file;
		} else if (!scan->next || comes_before(file, scan->next)) {
			scan->next = file;
		}
	}
}

/* Until the first file stands at an event. */
static void settle(struct sql_scan *scan)
{
	for (;;) {
		find_first_two(scan);
		if (!scan->top || scan->top->kept)
			return;
		if (enter(scan, scan->top)) {
			(void)find_event(scan, scan->top);
		} else {
			scan->top->chunk += scan->step;
			find_chunk(scan, scan->top);
		}
	}
}

void sql_scan__next(struct sql_scan *scan)
{
	struct sql_scan_file *top = scan->top;

	top->at += (uint32_t)scan->step;
	if (find_event(scan, top) && (!scan->next || comes_before(top, scan->next)))
		return;
	settle(scan);
}

int sql_scan__init(struct sql_scan *ret, struct store *store, const struct sql_bounds *bounds,
		   bool is_backward)
{
	*ret = (struct sql_scan){
		.store = store,
		.bounds = bounds,
		.step = is_backward ? SIZE_MAX : 1,
		.flip = is_backward ? UINT64_MAX : 0,
		.files = calloc(store->file_cnt + 1, sizeof(*ret->files)),
	};
	if (!ret->files)
		return -ENOMEM;
	for (size_t i = 0; i < store->file_cnt; i++) {
		struct sql_scan_file *file = &ret->files[i];

		file->file = &store->files[i];
		file->chunk = is_backward ? store->files[i].chunk_cnt - 1 : 0;
		file->bounds = &bounds->files[i];
		file->is_over = bounds->is_nothing || bounds->files[i].is_out;
		if (!file->is_over)
			find_chunk(ret, file);
	}
	settle(ret);
	return 0;
}

void sql_scan__fini(struct sql_scan *scan)
{
	for (size_t i = 0; scan->files && i < scan->store->file_cnt; i++)
		store__put(scan->store, scan->files[i].kept);
	free(scan->files);
	*scan = (struct sql_scan){ .store = NULL };
}

void sql_scan__event(const struct sql_scan *scan, struct ttlog_event *ret)
{
	ttlog_pinned_event(scan->top->kept->pinned, scan->top->at, ret);
}

int64_t sql_scan__number(const struct sql_scan *scan)
{
	const struct sql_scan_file *top = scan->top;

	return store__number(scan->store, sql_scan__file(scan), top->chunk, top->at);
}
