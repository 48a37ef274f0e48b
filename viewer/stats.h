/* SPDX-License-Identifier: MIT */
/* Events counted by group: --stats. */
#ifndef TTLOG_VIEW_STATS_H
#define TTLOG_VIEW_STATS_H

#include <stddef.h>

#include <ttlog/read.h>
#include "out.h"

#define STATS_MAX_KEYS     8u
#define STATS_DEFAULT_KEYS "level,target,probe"

struct stats;

/* keys: comma-separated: level target probe msg file func pid tid comm, or any field's key.
 * NULL with errno: EINVAL where a key is empty or there are too many. */
struct stats *stats__new(const char *keys);
void stats__free(struct stats *stats);
/* The events of a run: the same as stats__event for each of them. Returns 0 or -ENOMEM. */
int stats__run(struct stats *stats, const struct ttlog_run *run);
/* Returns 0 or -ENOMEM. */
int stats__event(struct stats *stats, const struct ttlog_event *event);
/* Groups in the order of their counts, the largest first: a table, or one JSON object a line. */
int stats__print(struct stats *stats, struct out *out, bool json);

#endif /* TTLOG_VIEW_STATS_H */
