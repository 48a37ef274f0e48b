/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <ttlog/read.h>
#include "array.h"
#include "clock.h"
#include "sources.h"

int sources__add(struct sources *sources, struct ttlog_snapshot *const *readers, size_t cnt,
		 bool owns)
{
	struct ttlog_snapshot **copy = reallocarray(NULL, cnt + 1, sizeof(*copy));

	if (!copy || array__reserve(sources->parts, sources->part_cnt + 1, &sources->part_cap)) {
		free(copy);
		return -ENOMEM;
	}
	if (cnt)
		memcpy(copy, readers, cnt * sizeof(*copy));
	sources->parts[sources->part_cnt++] =
		(struct source_part){ .readers = copy, .reader_cnt = cnt, .is_owned = owns };
	return 0;
}

static void note_last(struct sources *sources, const struct source_part *part)
{
	for (size_t i = 0; i < part->reader_cnt; i++) {
		const uint64_t end_ns = ttlog_snapshot_last_ns(part->readers[i]);

		if (end_ns > sources->last_ns)
			sources->last_ns = end_ns;
	}
}

bool sources__scan(struct sources *sources, uint64_t until_ns)
{
	for (; sources->scanned < sources->part_cnt; sources->scanned++) {
		struct source_part *part = &sources->parts[sources->scanned];

		for (size_t i = 0; i < part->reader_cnt; i++) {
			const struct ttlog_contents *contents =
				ttlog_snapshot_contents(part->readers[i]);

			while (!contents->is_scanned) {
				part->user = NULL;
				if (clock__now_mono_ns() >= until_ns)
					return true;
				(void)ttlog_snapshot_has_chunk(part->readers[i],
							       contents->chunk_cnt);
			}
		}
		if (part->reader_cnt > 1)
			part->user = NULL;
		/* If there is no memory, the stream of the part fails, too. */
		(void)ttlog_snapshots_share_clock(part->readers, part->reader_cnt);
		note_last(sources, part);
	}
	return false;
}

unsigned sources__scan_progress(const struct sources *sources)
{
	uint64_t done = 0, all = 0;

	for (size_t p = 0; p < sources->part_cnt; p++) {
		for (size_t i = 0; i < sources->parts[p].reader_cnt; i++) {
			const struct ttlog_contents *contents =
				ttlog_snapshot_contents(sources->parts[p].readers[i]);

			all += contents->size;
			done += contents->is_scanned ? contents->size : contents->scanned_bytes;
		}
	}
	return all ? (unsigned)((double)done / (double)all * 1000) : 1000;
}

void sources__disturb(struct sources *sources)
{
	for (size_t i = 0; i < sources->part_cnt; i++)
		sources->parts[i].user = NULL;
}

uint64_t sources__first_ns(const struct sources *sources)
{
	uint64_t first_ns = UINT64_MAX;

	for (size_t p = 0; p < sources->part_cnt; p++) {
		for (size_t i = 0; i < sources->parts[p].reader_cnt; i++) {
			struct ttlog_snapshot *reader = sources->parts[p].readers[i];
			const struct ttlog_info *info = ttlog_snapshot_info(reader);
			const struct ttlog_contents *contents = ttlog_snapshot_contents(reader);
			uint64_t at;

			if (!contents->chunk_cnt || !info->has_header)
				continue;
			at = ttlog_info_real_ns(info, contents->chunks[0].first_ns);
			first_ns = at < first_ns ? at : first_ns;
		}
	}
	return first_ns == UINT64_MAX ? 0 : first_ns;
}

static void close_part(struct source_part *part)
{
	for (size_t i = 0; part->is_owned && i < part->reader_cnt; i++)
		ttlog_snapshot_close(part->readers[i]);
	free(part->readers);
}

void sources__drop(struct sources *sources, size_t cnt)
{
	for (size_t p = 1; p <= cnt; p++)
		close_part(&sources->parts[p]);
	sources->part_cnt -= cnt;
	memmove(sources->parts + 1, sources->parts + 1 + cnt,
		(sources->part_cnt - 1) * sizeof(*sources->parts));
	if (sources->scanned > 1)
		sources->scanned = sources->scanned > cnt + 1 ? sources->scanned - cnt : 1;
	sources->gone += (uint32_t)cnt;
}

void sources__fini(struct sources *sources)
{
	for (size_t p = 0; p < sources->part_cnt; p++)
		close_part(&sources->parts[p]);
	free(sources->parts);
	*sources = (struct sources){ .part_cnt = 0 };
}
