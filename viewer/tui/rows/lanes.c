/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lanes.h"

static int get_lane(struct lanes *lanes, const struct ttlog_thread *thread, struct lane **ret)
{
	for (size_t i = 0; i < lanes->cnt; i++) {
		size_t at = (lanes->found + 1 + i) % lanes->cnt;

		if (lanes->lanes[at]->thread->pid == thread->pid &&
		    lanes->lanes[at]->thread->tid == thread->tid) {
			lanes->found = at;
			*ret = lanes->lanes[at];
			return 0;
		}
	}
	*ret = NULL;
	if (lanes->cnt == LANES_MAX)
		return 0;
	*ret = calloc(1, sizeof(struct lane));
	if (!*ret)
		return -ENOMEM;
	(*ret)->thread = thread;
	lanes->found = lanes->cnt;
	lanes->lanes[lanes->cnt++] = *ret;
	return 0;
}

static int map_threads(struct lanes *lanes, struct ttlog_snapshot *reader, struct lane ***ret)
{
	const struct ttlog_info *info = ttlog_snapshot_info(reader);
	struct lane **map = reallocarray(NULL, info->thread_cnt + 1, sizeof(*map));
	int err = map ? 0 : -ENOMEM;

	for (size_t i = 0; !err && i < info->thread_cnt; i++)
		err = get_lane(lanes, info->threads[i], &map[i]);
	if (err)
		free(map);
	else
		*ret = map;
	return err;
}

int lanes__init(struct lanes *ret, struct ttlog_snapshot *const *readers, size_t reader_cnt,
		uint64_t first_ns, uint64_t last_ns)
{
	int err = 0;

	*ret = (struct lanes){
		.first_ns = first_ns,
		.last_ns = last_ns,
		.step_ns = (last_ns - first_ns) / LANES_SLICES + 1,
		.readers = readers,
		.reader_cnt = reader_cnt,
	};
	ret->lanes = calloc(LANES_MAX, sizeof(struct lane *));
	ret->maps = calloc(reader_cnt + 1, sizeof(struct lane **));
	if (!ret->lanes || !ret->maps)
		err = -ENOMEM;
	for (size_t i = 0; !err && i < reader_cnt; i++)
		err = map_threads(ret, readers[i], &ret->maps[i]);
	if (err)
		lanes__fini(ret);
	return err;
}

void lanes__fini(struct lanes *lanes)
{
	for (size_t i = 0; i < lanes->cnt; i++)
		free(lanes->lanes[i]);
	for (size_t i = 0; lanes->maps && i < lanes->reader_cnt; i++)
		free(lanes->maps[i]);
	free(lanes->other_map);
	free(lanes->lanes);
	free(lanes->maps);
	*lanes = (struct lanes){ .cnt = 0 };
}

/* NULL: no memory. */
static struct lane *const *find_map(struct lanes *lanes, const struct ttlog_run *run)
{
	if (run->number < lanes->reader_cnt && lanes->readers[run->number] == run->snapshot)
		return lanes->maps[run->number];
	if (lanes->other == run->snapshot)
		return lanes->other_map;
	free(lanes->other_map);
	lanes->other_map = NULL;
	lanes->other = map_threads(lanes, run->snapshot, &lanes->other_map) ? NULL : run->snapshot;
	return lanes->other_map;
}

/* Makes two slices one. */
static void widen(struct lanes *lanes)
{
	const size_t half = LANES_SLICES / 2;

	lanes->step_ns *= 2;
	for (size_t k = 0; k < lanes->cnt; k++) {
		struct lane *lane = lanes->lanes[k];

		for (size_t i = 0; i < half; i++) {
			const uint8_t a = lane->levels[2 * i], b = lane->levels[2 * i + 1];

			lane->cnts[i] = lane->cnts[2 * i] + lane->cnts[2 * i + 1];
			lane->levels[i] = a > b ? a : b;
		}
		memset(lane->cnts + half, 0, half * sizeof(*lane->cnts));
		memset(lane->levels + half, 0, half * sizeof(*lane->levels));
	}
}

static size_t find_slice(struct lanes *lanes, uint64_t real_ns)
{
	if (!lanes->first_ns)
		lanes->first_ns = lanes->last_ns = real_ns;
	if (real_ns < lanes->first_ns)
		return 0;
	if (real_ns > lanes->last_ns)
		lanes->last_ns = real_ns;
	while ((real_ns - lanes->first_ns) / lanes->step_ns >= LANES_SLICES)
		widen(lanes);
	return (size_t)((real_ns - lanes->first_ns) / lanes->step_ns);
}

int lanes__run(struct lanes *lanes, const struct ttlog_run *run)
{
	const struct ttlog_chunk *chunk = ttlog_snapshot_chunk(run->snapshot);
	const struct ttlog_info *info = ttlog_snapshot_info(run->snapshot);
	struct lane *const *map = find_map(lanes, run);

	if (!map)
		return -ENOMEM;
	for (uint32_t i = 0; i < run->cnt; i++) {
		uint32_t at = ttlog_run_at(run, i);
		struct lane *lane = map[ttlog_chunk_thread(chunk, at)];
		uint32_t site = chunk->groups[ttlog_chunk_group(chunk, at)].site;
		size_t slice;

		if (!lane) {
			lanes->more++;
			continue;
		}
		slice = find_slice(lanes, ttlog_info_real_ns(info, chunk->mono_ns[at]));
		lane->cnt++;
		lane->cnts[slice]++;
		if (info->sites[site]->level > lane->levels[slice])
			lane->levels[slice] = info->sites[site]->level;
	}
	return 0;
}

static int by_cnt(const void *a, const void *b, void *first_tid)
{
	const struct lane *x = *(struct lane *const *)a, *y = *(struct lane *const *)b;
	const uint64_t tid = *(const uint64_t *)first_tid;

	if ((x->thread->tid == tid) != (y->thread->tid == tid))
		return x->thread->tid == tid ? -1 : 1;
	return (x->cnt < y->cnt) - (x->cnt > y->cnt);
}

void lanes__sort(struct lanes *lanes, uint64_t first_tid)
{
	if (lanes->cnt)
		qsort_r(lanes->lanes, lanes->cnt, sizeof(*lanes->lanes), by_cnt, &first_tid);
}
