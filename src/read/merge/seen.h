/* SPDX-License-Identifier: MIT */
/*
 * For snapshots that come one after another: which events came before. Two collectors that record
 * one process send the same events twice.
 */
#ifndef TTLOG_READ_SEEN_H
#define TTLOG_READ_SEEN_H

struct row_selection;
struct ttlog_snapshot;

/* Removes from a selection of the loaded chunk what ttlog_seen_take() found. 0 or -ENOMEM. */
int seen__leave_out(struct ttlog_snapshot *reader, struct row_selection *selection);

#endif /* TTLOG_READ_SEEN_H */
