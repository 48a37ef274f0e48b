/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>

#include "info_last.h"
#include "text.h"

int info_last__find(struct reader *reader, uint64_t tid, struct info_last *ret)
{
	const struct chunk *chunk = &reader->chunk;
	size_t free_cnt = INFO_LAST_CNT;

	for (size_t i = reader->chunk_cnt; free_cnt && i-- > 0;) {
		int err = reader__load(reader, i);

		if (err == -ENOMEM)
			return err;
		for (uint32_t k = err ? 0 : chunk->n; free_cnt && k-- > 0;) {
			uint32_t thread = chunk__thread(chunk, k);

			if (reader->header.threads[thread].tid != tid)
				continue;
			ret->places[--free_cnt].chunk = i;
			ret->places[free_cnt].row = k;
		}
	}
	ret->cnt = INFO_LAST_CNT - free_cnt;
	memmove(ret->places, ret->places + free_cnt, ret->cnt * sizeof(*ret->places));
	return 0;
}

int info_last__print(struct out *out, struct reader *reader, const struct info_last *last,
		     bool colour)
{
	struct text_output text;
	struct event event;

	text_output__init(&text, out, colour, &reader, 1);
	for (size_t i = 0; i < last->cnt; i++) {
		bool is_loaded = i && last->places[i].chunk == last->places[i - 1].chunk;
		int err = is_loaded ? 0 : reader__load(reader, last->places[i].chunk);

		if (err == -ENOMEM)
			return err;
		if (err)
			continue;
		reader__event(reader, last->places[i].row, &event);
		text_output__event(&text, &event);
	}
	return 0;
}
