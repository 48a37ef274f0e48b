/* SPDX-License-Identifier: MIT */
/*
 * The snapshots of a process: those that were made, that are written, that are still due. The
 * recorder sets all of this.
 */
#ifndef TTLOG_SNAPSHOT_STATE_H
#define TTLOG_SNAPSHOT_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "schedule.h"

struct snapshot_state {
	size_t job_cnt;           /* being written */
	uint64_t mark;            /* ring__written_bytes() at the last one */
	bool is_owed;             /* one waits for room in the writer's queue, or for memory */
	bool is_left;             /* to the next collector */
	bool is_kept;             /* the last one could not be written, and is tried again */
	bool has_part;            /* the last file has only the newest events */
	bool hurried;             /* it crashed, and has a snapshot although it has not ended */
	struct schedule schedule; /* of those that triggers ask for */
	char **files;             /* paths */
	size_t file_cnt, file_cap;
};

void snapshot_state__fini(struct snapshot_state *state);
/* 0 or -ENOMEM. */
int snapshot_state__add_file(struct snapshot_state *state, const char *path);
/* Replaces the last one that was added. */
int snapshot_state__replace_file(struct snapshot_state *state, const char *path);

#endif /* TTLOG_SNAPSHOT_STATE_H */
