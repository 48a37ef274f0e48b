/* SPDX-License-Identifier: MIT */
/*
 * --timeline: events by interval of time and by level.
 *
 * Nothing has to be known of the events before: they are counted in short intervals, which become
 * ten times as long whenever there would be more than a fixed number of them.
 */
#ifndef TTLOG_VIEW_RATES_H
#define TTLOG_VIEW_RATES_H

#include <stdbool.h>

#include "out.h"
#include "terminal.h"
#include <ttlog/read.h>

struct rates;

struct rates *rates__new(void); /* NULL: no memory */
void rates__free(struct rates *rates);
void rates__run(struct rates *rates, const struct ttlog_run *run);
/* One line an interval, or one JSON object; empty intervals between others, too. */
void rates__print(const struct rates *rates, struct out *out, const struct terminal *terminal,
		  bool json);

#endif /* TTLOG_VIEW_RATES_H */
