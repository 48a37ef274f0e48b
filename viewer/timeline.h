/* SPDX-License-Identifier: MIT */
/*
 * The events of several files as one stream: filtered, in the order of time, each once.
 *
 * Order. Every file maps its CLOCK_MONOTONIC to wall time with its own pair, and pairs that were
 * taken at different moments disagree a little. Files of one process (same host, pid and
 * executable, and pairs that disagree by less than an hour: the same boot) are therefore merged by
 * CLOCK_MONOTONIC, which they share, and these with the others by wall time, by the clock of the
 * first file named of each process.
 *
 * Once. Snapshots of one process overlap: its ring is written again and again. Two events of
 * different files of one process are the same event if thread, site, CLOCK_MONOTONIC in
 * nanoseconds and all values are the same. Where one file has k equal events in one nanosecond and
 * another m, the greater number is shown. Within one file nothing is left out.
 */
#ifndef TTLOG_VIEW_TIMELINE_H
#define TTLOG_VIEW_TIMELINE_H

#include <stddef.h>
#include <stdint.h>

#include "event.h"
#include "filter.h"
#include "reader.h"

struct timeline;

/* Wall time, both included. */
struct timeline_range {
	uint64_t since_ns, until_ns;
};

/* The readers and the filter stay the caller's. NULL with errno. */
struct timeline *timeline__new(struct reader *const *readers, size_t reader_cnt,
			       const struct filter *filter, const struct timeline_range *range);
void timeline__free(struct timeline *timeline);

/* The next event; it is valid until the next call. Returns 1, or 0 at the end. */
int timeline__next(struct timeline *timeline, struct event *ret);

/* Before the first timeline__next: goes over everything once, so that only the last `cnt` events
 * come. Returns 0 or -ENOMEM. */
int timeline__tail(struct timeline *timeline, uint64_t cnt);

#endif /* TTLOG_VIEW_TIMELINE_H */
