/* SPDX-License-Identifier: MIT */
/*
 * Events counted by group, and what their numeric fields come to: --stats, --histogram.
 */
#ifndef TTLOG_VIEW_STATS_H
#define TTLOG_VIEW_STATS_H

#include <stddef.h>

#include <ttlog/read.h>
#include "options.h"
#include "out.h"

struct stats;
struct terminal;

struct stats_setup {
	/* comma-separated: level target probe msg file func line pid tid comm, or any field's key;
	 * empty: all events are one group */
	const char *keys;
	/* aggregates of this one alone; "duration" is that of spans. NULL: of all */
	const char *field;
};

/* NULL with errno: EINVAL where a key is empty or there are too many, EDOM where one is ts. */
struct stats *stats__new(const struct stats_setup *setup);
void stats__free(struct stats *stats);
/* The events of a run: the same as stats__event for each of them. Returns 0 or -ENOMEM. */
int stats__run(struct stats *stats, const struct ttlog_run *run);
/* Returns 0 or -ENOMEM. */
int stats__event(struct stats *stats, const struct ttlog_event *event);

/* In the order of their counts, the largest first, the first `most` groups: a table and one of
 * their aggregates, or one JSON object a line. Returns 0 or -ENOMEM. */
int stats__print(struct stats *stats, struct out *out, size_t most, bool json);
/* The same as pictures of how the setup's field is distributed, or one JSON object a bin. */
int stats__print_histograms(struct stats *stats, struct out *out, size_t most,
			    const struct terminal *terminal, bool json);

#endif /* TTLOG_VIEW_STATS_H */
