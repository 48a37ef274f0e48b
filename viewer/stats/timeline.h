/* SPDX-License-Identifier: MIT */
/*
 * --timeline: events by interval of time and by level.
 *
 * Events are counted in short intervals, which become ten times as long whenever there would be too
 * many. So nothing need be known of the events before.
 */
#ifndef TTLOG_VIEW_TIMELINE_H
#define TTLOG_VIEW_TIMELINE_H

#include <stdbool.h>

#include "out.h"
#include "terminal.h"
#include <ttlog/read.h>

struct timeline;

struct timeline *timeline__new(void); /* NULL: no memory */
void timeline__free(struct timeline *timeline);
void timeline__run(struct timeline *timeline, const struct ttlog_run *run);
/* Prints a line, or a JSON object, for each interval, also for empty ones between others. */
void timeline__print(const struct timeline *timeline, struct out *out,
		     const struct terminal *terminal, bool json);

#endif /* TTLOG_VIEW_TIMELINE_H */
