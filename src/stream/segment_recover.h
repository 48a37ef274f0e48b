/* SPDX-License-Identifier: MIT */
/*
 * Open segments that a killed collector left: each is cut after its last whole frame, ended, and gets
 * its name without `.part`. Those that another collector writes are locked, and stay.
 */
#ifndef TTLOG_SEGMENT_RECOVER_H
#define TTLOG_SEGMENT_RECOVER_H

#include <stdio.h>

struct snapshot_target;

/* report: where a line for each goes; NULL: nowhere. dir: the directory's name in it. Returns how
 * many, or -errno if the directory or one of them can't be worked on. */
int segment_recover__all(const struct snapshot_target *target, const char *dir, FILE *report);

#endif /* TTLOG_SEGMENT_RECOVER_H */
