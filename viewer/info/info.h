/* SPDX-License-Identifier: MIT */
/* --info: the facts of a snapshot, and the end of the process. */
#ifndef TTLOG_VIEW_INFO_H
#define TTLOG_VIEW_INFO_H

#include "info_last.h"
#include "open_spans.h"
#include "out.h"
#include <ttlog/read.h>

/* A scan of all events, one chunk at a time, from the last one backwards. */
struct info_scan {
	struct ttlog_snapshot *reader;
	size_t left;           /* chunks that were not read yet */
	uint64_t *counts;      /* by thread */
	struct info_last last; /* of the thread that crashed */
	struct open_spans open;
};

/* The file was opened with ttlog_snapshot_open(). 0 or -ENOMEM. */
int info_scan__begin(struct info_scan *ret, struct ttlog_snapshot *reader);
/* Returns 1 while there is more, 0, or -ENOMEM. */
int info_scan__step(struct info_scan *scan);
void info_scan__fini(struct info_scan *scan);

/* As text of many lines, with the results of the scan so far. 0 or -ENOMEM. */
int info__print_scan(struct out *out, struct ttlog_snapshot *reader, const struct info_scan *scan,
		     bool colour);
/* The same, after a complete scan. */
int info__print_text(struct out *out, struct ttlog_snapshot *reader, bool colour);
/* The cause of a process's death, in one line. */
void info__crash_cause(struct out *out, const struct ttlog_crash *crash);
/* The exception that it threw; nothing if that is unknown. */
void info__exception(struct out *out, const struct ttlog_crash *crash);
/* The sender of the fatal signal, ", sent by systemd[1]"; nothing if that is unknown. */
void info__sender(struct out *out, const struct ttlog_info *info);
/* DESIGN.md section 6: one object and a newline. Scans all events if there are spans. 0 or
 * -ENOMEM. */
int info__print_json(struct out *out, struct ttlog_snapshot *reader);

#endif /* TTLOG_VIEW_INFO_H */
