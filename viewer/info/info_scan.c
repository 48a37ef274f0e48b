/* SPDX-License-Identifier: MIT */
/*
 * What --info counts in the events, a chunk a step, so that a screen can draw meanwhile.
 */
#include <errno.h>
#include <stdlib.h>

#include "info.h"

int info_scan__begin(struct info_scan *ret, struct ttlog_snapshot *reader)
{
	*ret = (struct info_scan){
		.reader = reader,
		.left = ttlog_snapshot_contents(reader)->chunk_cnt,
	};
	ret->counts = calloc(ttlog_snapshot_info(reader)->thread_cnt + 1, sizeof(*ret->counts));
	return ret->counts ? open_spans__init(&ret->open, reader) : -ENOMEM;
}

int info_scan__step(struct info_scan *scan)
{
	const struct ttlog_chunk *chunk = ttlog_snapshot_chunk(scan->reader);
	const struct ttlog_crash *crash = ttlog_snapshot_info(scan->reader)->crash;
	int err;

	if (!scan->left)
		return 0;
	err = ttlog_snapshot_load(scan->reader, --scan->left);
	for (uint32_t k = 0; !err && k < chunk->n; k++)
		scan->counts[ttlog_chunk_thread(chunk, k)]++;
	if (!err)
		err = open_spans__look_at(&scan->open, scan->left);
	if (!err && crash->has_tid)
		err = info_last__add(&scan->last, scan->reader, scan->left, crash->tid);
	return err == -ENOMEM ? err : 1;
}

void info_scan__fini(struct info_scan *scan)
{
	free(scan->counts);
	open_spans__fini(&scan->open);
	*scan = (struct info_scan){ .reader = NULL };
}
