/* SPDX-License-Identifier: MIT */
/*
 * --timeline: events by interval of time and by level.
 *
 * Events are counted in short intervals, which become ten times as long whenever there would be too
 * many. So nothing need be known of the events before.
 */
#ifndef TTLOG_VIEW_TIMELINE_H
#define TTLOG_VIEW_TIMELINE_H

#include "out.h"
#include "terminal.h"
#include <ttlog/read.h>

/* Prints a line, or a JSON object, for each interval of the next `most` events, also for empty ones
 * between others. ret_interval_ns: 0: there are none. Returns 0 or -ENOMEM. */
int timeline__show(struct ttlog_stream *stream, uint64_t most, struct out *out,
		   const struct terminal *terminal, bool json, uint64_t *ret_interval_ns);

#endif /* TTLOG_VIEW_TIMELINE_H */
