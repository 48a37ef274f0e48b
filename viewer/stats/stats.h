/* SPDX-License-Identifier: MIT */
/*
 * Events counted by group, with the aggregates of their numeric fields: --stats, --histogram.
 */
#ifndef TTLOG_VIEW_STATS_H
#define TTLOG_VIEW_STATS_H

#include <ttlog/read.h>
#include "options.h"
#include "out.h"

struct stats;
struct terminal;

/*
 * keys: separated by commas: level target probe msg file func line pid tid comm, host service
 * signature (of the file), or any field's key; empty: all events are one group. field: only this one has aggregates; "duration" is the
 * duration of spans; NULL: all fields have. It must stay.
 *
 * NULL with errno: EINVAL: a key is empty or there are too many; EDOM: a key is ts.
 */
struct stats *stats__new(const char *keys, const char *field);
void stats__free(struct stats *stats);
/* Counts the events of a run. Returns 0 or -ENOMEM. */
int stats__run(struct stats *stats, const struct ttlog_run *run);

/* If all keys are those of files, counts the files of each group, also those without events. Returns
 * 0 or -ENOMEM. */
int stats__count_files(struct stats *stats, struct ttlog_snapshot *const *readers,
		       size_t reader_cnt);

/* Prints the first `most` groups, those with the most events first: as a table and a table of their
 * aggregates, or a JSON object a line. Returns 0 or -ENOMEM. */
int stats__print(struct stats *stats, struct out *out, size_t most, bool json);
/* Prints the distribution of the field in the same groups, as bars, or a JSON object a
 * bin. */
int stats__print_histograms(struct stats *stats, struct out *out, size_t most,
			    const struct terminal *terminal, bool json);

#endif /* TTLOG_VIEW_STATS_H */
