/* SPDX-License-Identifier: MIT */
/*
 * Ends of segments that have none. Open ones that a killed collector left are cut after their last
 * whole frame, ended, and get their name without `.part`; those that another collector writes are
 * locked, and stay.
 */
#ifndef TTLOG_SEGMENT_RECOVER_H
#define TTLOG_SEGMENT_RECOVER_H

#include <stdint.h>
#include <stdio.h>

struct segment_file;
struct snapshot_target;

/* report: where a line for each goes; NULL: nowhere. dir: the directory's name in it. Returns how
 * many, or -errno if the directory or one of them can't be worked on. */
int segment_recover__all(const struct snapshot_target *target, const char *dir, FILE *report);

/* Writes what is missing of the end of a segment with size bytes; file->bytes says where it ends then. No
 * accounts are in it. ret_events: NULL, or how many are in the segment. 0, -ENODATA: it has not even a
 * header, or -errno. */
int segment_recover__end(struct segment_file *file, uint64_t size, uint64_t *ret_events);

#endif /* TTLOG_SEGMENT_RECOVER_H */
