/* SPDX-License-Identifier: MIT */
/*
 * How much of a ring is in no snapshot yet. Fires once; a snapshot, whatever made it, arms it again.
 */
#ifndef TTLOG_FILL_WATCH_H
#define TTLOG_FILL_WATCH_H

#include <stdbool.h>
#include <stdint.h>

/* All zeros: armed, and nothing was in a snapshot. */
struct fill_watch {
	uint64_t mark; /* as it was last */
	uint64_t base; /* bytes before that are in a snapshot, or could not be written */
	bool has_fired;
	bool was_suppressed; /* then it is tried again, and counted once */
};

/* mark, written_bytes: positions of the ring: at the last snapshot (UINT64_MAX: it failed), now.
 * Returns how many bytes are in no snapshot. */
static inline uint64_t fill_watch__take(struct fill_watch *watch, uint64_t mark,
					uint64_t written_bytes)
{
	if (watch->mark != mark) {
		/* after a failure, it fires when as much has come again */
		watch->base = mark == UINT64_MAX ? written_bytes : mark;
		watch->mark = mark;
		watch->has_fired = false;
		watch->was_suppressed = false;
	}
	return written_bytes - watch->base;
}

/* Whether so many bytes are too many. */
static inline bool fill_watch__is_due(const struct fill_watch *watch, uint64_t bytes,
				      uint64_t ring_bytes, unsigned percent)
{
	return !watch->has_fired && bytes >= ring_bytes / 100 * percent;
}

#endif /* TTLOG_FILL_WATCH_H */
