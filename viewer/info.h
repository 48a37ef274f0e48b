/* SPDX-License-Identifier: MIT */
/* What a snapshot says of itself and of how the process ended: --info. */
#ifndef TTLOG_VIEW_INFO_H
#define TTLOG_VIEW_INFO_H

#include <stdbool.h>

#include "out.h"
#include <ttlog/read.h>

/* For people, over many lines. Goes over the events to count them by thread. */
int info__print_text(struct out *out, struct ttlog_snapshot *reader, bool colour);
/* What a process died of, one line of it. */
void info__crash_cause(struct out *out, const struct ttlog_crash *crash);
/* DESIGN.md section 6, one object and a newline. */
void info__print_json(struct out *out, const struct ttlog_snapshot *reader);

#endif /* TTLOG_VIEW_INFO_H */
