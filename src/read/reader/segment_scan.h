/* SPDX-License-Identifier: MIT */
/*
 * The first pass over a segment of a stream: FORMAT.md, section 10.
 *
 * It goes from mark to mark, and reads the header, the tables and the end: so all sites and threads
 * are known before the first event, and chunks are neither read nor checked before they are
 * needed.
 */
#ifndef TTLOG_READ_SEGMENT_SCAN_H
#define TTLOG_READ_SEGMENT_SCAN_H

struct ttlog_snapshot;

/* If the file is a segment, goes over all of it: the reader is scanned then. 0 or -errno. */
int segment_scan__all(struct ttlog_snapshot *reader);

#endif /* TTLOG_READ_SEGMENT_SCAN_H */
