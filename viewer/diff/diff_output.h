/* SPDX-License-Identifier: MIT */
/* Shows --diff: a line or an object for each finding. */
#ifndef TTLOG_VIEW_DIFF_OUTPUT_H
#define TTLOG_VIEW_DIFF_OUTPUT_H

#include "diff.h"
#include "options.h"
#include "out.h"

/*
 * Compares the two snapshots and shows what the options choose. Returns 0 or -errno.
 */
int diff__show(const struct options *options, struct ttlog_snapshot *const *snapshots,
	       struct out *out);

#endif /* TTLOG_VIEW_DIFF_OUTPUT_H */
