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

/* Events that follow one another, all of one reader's loaded chunk. */
struct timeline_run {
	struct reader *reader;
	uint32_t cnt;
	uint32_t first;            /* position in the chunk where `positions` is NULL */
	const uint32_t *positions; /* in the chunk, ascending; NULL: from `first` on, all of them */
};

static inline uint32_t timeline_run__at(const struct timeline_run *run, uint32_t i)
{
	return run->positions ? run->positions[i] : run->first + i;
}

/* The readers and the filter stay the caller's. More than one reader must be scanned to the end
 * already. NULL with errno. */
struct timeline *timeline__new(struct reader *const *readers, size_t reader_cnt,
			       const struct filter *filter, const struct timeline_range *range);
void timeline__free(struct timeline *timeline);

/* The next events, at most `most` (more than 0), and 1 at least; they are valid until the next
 * call. Returns 1, or 0 at the end. */
int timeline__run(struct timeline *timeline, uint64_t most, struct timeline_run *ret);

/* The next event; it is valid until the next call. Returns 1, or 0 at the end. */
int timeline__next(struct timeline *timeline, struct event *ret);

/* Before the first event: goes over everything once, so that only the last `cnt` events
 * come. Returns 0 or -ENOMEM. */
int timeline__tail(struct timeline *timeline, uint64_t cnt);

#endif /* TTLOG_VIEW_TIMELINE_H */
