/* SPDX-License-Identifier: MIT */
/*
 * Where events come from: parts, one after the other. The first part is the files of the command
 * line, merged by time. Each other part is a live chunk that came while the screen was up. The
 * oldest live chunks may be dropped; the numbers of the other parts do not change.
 *
 * A reader has only one chunk loaded, so only one walks the readers of a part at a time: its user.
 * Another one that wants to walk them becomes the user, and begins again from its last mark.
 */
#ifndef TTLOG_VIEW_SOURCES_H
#define TTLOG_VIEW_SOURCES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ttlog_snapshot;

struct source_part {
	struct ttlog_snapshot **readers;
	size_t reader_cnt;
	bool is_owned;
	const void *user; /* NULL: nothing walks the readers */
};

struct sources {
	struct source_part *parts;
	size_t part_cnt, part_cap;
	uint32_t gone;    /* parts that were dropped */
	size_t scanned;   /* so many parts were scanned to their ends */
	uint64_t last_ns; /* wall time of the last event in them */
};

/* Takes ownership of the readers if it succeeds and `owns` is set, never of the array. Returns 0 or
 * -ENOMEM. */
int sources__add(struct sources *sources, struct ttlog_snapshot *const *readers, size_t cnt,
		 bool owns);
/* Drops the `cnt` parts after the first one, and their readers. Call rows__drop() of all rows
 * before. */
void sources__drop(struct sources *sources, size_t cnt);
/* The number of a part, by its index. */
static inline uint32_t sources__number(const struct sources *sources, size_t idx)
{
	return idx ? (uint32_t)idx + sources->gone : 0;
}
/* The index of a part; if it was dropped, that of the first part after it. */
static inline size_t sources__index(const struct sources *sources, uint32_t number)
{
	if (!number)
		return 0;
	return number > sources->gone ? number - sources->gone : 1;
}
static inline bool sources__is_gone(const struct sources *sources, uint32_t number)
{
	return number && number <= sources->gone;
}
/* Wall time of the first event; 0: there is none. After a scan of all. */
uint64_t sources__first_ns(const struct sources *sources);
/* Scans the rest of files until then (CLOCK_MONOTONIC). Returns whether there is more to scan. */
bool sources__scan(struct sources *sources, uint64_t until_ns);
/* In thousandths. */
unsigned sources__scan_progress(const struct sources *sources);
/* Removes the users. Call it before chunks are loaded in another way. */
void sources__disturb(struct sources *sources);
void sources__fini(struct sources *sources);

#endif /* TTLOG_VIEW_SOURCES_H */
