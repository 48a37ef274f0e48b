/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>

#include "info_last.h"
#include "text.h"

int info_last__find(struct ttlog_snapshot *reader, uint64_t tid, struct info_last *ret)
{
	const struct ttlog_chunk *chunk = ttlog_snapshot_chunk(reader);
	size_t free_cnt = INFO_LAST_CNT;

	for (size_t i = ttlog_snapshot_contents(reader)->chunk_cnt; free_cnt && i-- > 0;) {
		int err = ttlog_snapshot_load(reader, i);

		if (err == -ENOMEM)
			return err;
		for (uint32_t k = err ? 0 : chunk->n; free_cnt && k-- > 0;) {
			uint32_t thread = ttlog_chunk_thread(chunk, k);

			if (ttlog_snapshot_info(reader)->threads[thread]->tid != tid)
				continue;
			ret->places[--free_cnt].chunk = i;
			ret->places[free_cnt].row = k;
		}
	}
	ret->cnt = INFO_LAST_CNT - free_cnt;
	memmove(ret->places, ret->places + free_cnt, ret->cnt * sizeof(*ret->places));
	return 0;
}

int info_last__print(struct out *out, struct ttlog_snapshot *reader, const struct info_last *last,
		     bool colour)
{
	struct text_output text;
	struct ttlog_event event;

	text_output__init(&text, out, colour, &reader, 1);
	for (size_t i = 0; i < last->cnt; i++) {
		bool is_loaded = i && last->places[i].chunk == last->places[i - 1].chunk;
		int err = is_loaded ? 0 : ttlog_snapshot_load(reader, last->places[i].chunk);

		if (err == -ENOMEM)
			return err;
		if (err)
			continue;
		ttlog_snapshot_event(reader, last->places[i].row, &event);
		text_output__event(&text, &event);
	}
	return 0;
}
