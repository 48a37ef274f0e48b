/* SPDX-License-Identifier: MIT */
#include <errno.h>

#include "info_last.h"
#include "text.h"

int info_last__add(struct info_last *last, struct ttlog_snapshot *reader, size_t chunk,
		   uint64_t tid)
{
	const struct ttlog_chunk *loaded = ttlog_snapshot_chunk(reader);
	int err = last->cnt < INFO_LAST_CNT ? ttlog_snapshot_load(reader, chunk) : 0;

	if (err)
		return err == -ENOMEM ? err : 0;
	for (uint32_t k = loaded->n; last->cnt < INFO_LAST_CNT && k-- > 0;) {
		uint32_t thread = ttlog_chunk_thread(loaded, k);

		if (ttlog_snapshot_info(reader)->threads[thread]->tid != tid)
			continue;
		last->places[last->cnt].chunk = chunk;
		last->places[last->cnt++].row = k;
	}
	return 0;
}

int info_last__print(struct out *out, struct ttlog_snapshot *reader, const struct info_last *last,
		     bool colour)
{
	struct text_output text;
	struct ttlog_event event;

	text_output__init(&text, out, colour, &reader, 1);
	for (size_t i = last->cnt; i-- > 0;) {
		int err = ttlog_snapshot_load(reader, last->places[i].chunk);

		if (err == -ENOMEM)
			return err;
		if (err)
			continue;
		ttlog_snapshot_event(reader, last->places[i].row, &event);
		text_output__event(&text, &event);
	}
	return 0;
}
