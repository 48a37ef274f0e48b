/* SPDX-License-Identifier: MIT */
/*
 * What the full screen shows the events of: parts, one behind the other. The first is the files of
 * the command line, merged by time; each further one is a reader that came while the screen was up.
 * Of those the oldest may be dropped; the numbers of the others stay what they were.
 *
 * Only one at a time may walk a part's readers, for a reader has but one chunk loaded: who does is
 * its user, and who finds another one there begins anew where it was.
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
	const void *user; /* NULL: nobody, or somebody who needs nothing of it any more */
};

struct sources {
	struct source_part *parts;
	size_t part_cnt, part_cap;
	uint32_t gone;    /* parts that were dropped */
	size_t scanned;   /* so many parts were gone over to their ends */
	uint64_t last_ns; /* wall time of the last event in them */
};

/* Takes ownership of the readers if it succeeds and `owns`, of the array never. Returns 0 or
 * -ENOMEM. */
int sources__add(struct sources *sources, struct ttlog_snapshot *const *readers, size_t cnt,
		 bool owns);
/* Drops the `cnt` parts behind the first, and their readers: whoever walks them must have let
 * go. */
void sources__drop(struct sources *sources, size_t cnt);
/* The number of a part, by its index. */
static inline uint32_t sources__number(const struct sources *sources, size_t idx)
{
	return idx ? (uint32_t)idx + sources->gone : 0;
}
/* The index of a part; of one that was dropped that of the first behind it. */
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
/* All readers of all parts, to be freed; NULL: no memory. */
struct ttlog_snapshot **sources__readers(const struct sources *sources, size_t *ret_cnt);
/* Goes over files that were only started, until then (CLOCK_MONOTONIC). Returns whether some are
 * left. */
bool sources__scan(struct sources *sources, uint64_t until_ns);
/* In thousandths. */
unsigned sources__scan_progress(const struct sources *sources);
/* Before somebody who is no user loads chunks. */
void sources__disturb(struct sources *sources);
void sources__fini(struct sources *sources);

#endif /* TTLOG_VIEW_SOURCES_H */
