/* SPDX-License-Identifier: MIT */
/* What a snapshot says of itself and of how the process ended: --info. */
#ifndef TTLOG_VIEW_INFO_H
#define TTLOG_VIEW_INFO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "info_last.h"
#include "open_spans.h"
#include "out.h"
#include <ttlog/read.h>

/* What takes going over all events, a chunk at a time from the last one on. */
struct info_scan {
	struct ttlog_snapshot *reader;
	size_t left;           /* chunks that were not looked at */
	uint64_t *counts;      /* by thread */
	struct info_last last; /* of the thread that crashed */
	struct open_spans open;
};

/* The file was gone over. 0 or -ENOMEM. */
int info_scan__begin(struct info_scan *ret, struct ttlog_snapshot *reader);
/* Returns 1 while there is more, 0, or -ENOMEM. */
int info_scan__step(struct info_scan *scan);
void info_scan__fini(struct info_scan *scan);

/* For people, over many lines; as much as the scan has come to know. 0 or -ENOMEM. */
int info__print_scan(struct out *out, struct ttlog_snapshot *reader, const struct info_scan *scan,
		     bool colour);
/* The same after a scan of all. */
int info__print_text(struct out *out, struct ttlog_snapshot *reader, bool colour);
/* What a process died of, one line of it. */
void info__crash_cause(struct out *out, const struct ttlog_crash *crash);
/* What it had thrown; nothing where that is unknown. */
void info__exception(struct out *out, const struct ttlog_crash *crash);
/* Who sent the signal that it died of, ", sent by systemd[1]"; nothing where that is unknown. */
void info__sender(struct out *out, const struct ttlog_info *info);
/* DESIGN.md section 6, one object and a newline. Goes over all events where there are spans. 0 or
 * -ENOMEM. */
int info__print_json(struct out *out, struct ttlog_snapshot *reader);

#endif /* TTLOG_VIEW_INFO_H */
