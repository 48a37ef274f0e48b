/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>

#include "lanes.h"

static int add_lane(struct lanes *lanes, const struct ttlog_thread *thread, uint32_t *ret)
{
	for (size_t i = 0; i < lanes->cnt; i++) {
		if (lanes->lanes[i]->thread->pid == thread->pid &&
		    lanes->lanes[i]->thread->tid == thread->tid) {
			*ret = (uint32_t)i;
			return 0;
		}
	}
	*ret = LANES_MAX;
	if (lanes->cnt == LANES_MAX)
		return 0;
	lanes->lanes[lanes->cnt] = calloc(1, sizeof(struct lane));
	if (!lanes->lanes[lanes->cnt])
		return -ENOMEM;
	lanes->lanes[lanes->cnt]->thread = thread;
	*ret = (uint32_t)lanes->cnt++;
	return 0;
}

static int map_threads(struct lanes *lanes, size_t number)
{
	const struct ttlog_info *info = ttlog_snapshot_info(lanes->readers[number]);
	uint32_t *map = reallocarray(NULL, info->thread_cnt + 1, sizeof(*map));
	int err = map ? 0 : -ENOMEM;

	lanes->maps[number] = map;
	for (size_t i = 0; !err && i < info->thread_cnt; i++)
		err = add_lane(lanes, info->threads[i], &map[i]);
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
	ret->lanes = calloc(LANES_MAX, sizeof(*ret->lanes));
	ret->maps = calloc(reader_cnt + 1, sizeof(*ret->maps));
	if (!ret->lanes || !ret->maps)
		err = -ENOMEM;
	for (size_t i = 0; !err && i < reader_cnt; i++)
		err = map_threads(ret, i);
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
	free(lanes->lanes);
	free(lanes->maps);
	*lanes = (struct lanes){ .cnt = 0 };
}

void lanes__run(struct lanes *lanes, const struct ttlog_run *run)
{
	const struct ttlog_chunk *chunk = ttlog_snapshot_chunk(run->snapshot);
	const struct ttlog_info *info = ttlog_snapshot_info(run->snapshot);
	const uint32_t *map;

	if (run->number >= lanes->reader_cnt || lanes->readers[run->number] != run->snapshot)
		return;
	map = lanes->maps[run->number];
	for (uint32_t i = 0; i < run->cnt; i++) {
		uint32_t at = ttlog_run_at(run, i);
		uint64_t real_ns = ttlog_info_real_ns(info, chunk->mono_ns[at]);
		uint32_t number = map[ttlog_chunk_thread(chunk, at)];
		uint32_t site = chunk->groups[ttlog_chunk_group(chunk, at)].site;
		struct lane *lane;
		uint64_t slice;

		if (number == LANES_MAX) {
			lanes->more++;
			continue;
		}
		lane = lanes->lanes[number];
		slice = real_ns > lanes->first_ns ? (real_ns - lanes->first_ns) / lanes->step_ns
						  : 0;
		slice = slice < LANES_SLICES ? slice : LANES_SLICES - 1;
		lane->cnt++;
		lane->cnts[slice]++;
		if (info->sites[site]->level > lane->levels[slice])
			lane->levels[slice] = info->sites[site]->level;
	}
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
	qsort_r(lanes->lanes, lanes->cnt, sizeof(*lanes->lanes), by_cnt, &first_tid);
}
