/* SPDX-License-Identifier: MIT */
/*
 * --debuginfod: the frames of a crash and of the stacks of events get the names, files and lines that
 * were not known where it was recorded, from the debug information that servers have.
 *
 * It makes a copy of the snapshot in memory, in which these frames have their names: so all outputs
 * show them. The signature stays that of the file.
 */
#ifndef TTLOG_VIEW_NAMING_H
#define TTLOG_VIEW_NAMING_H

#include <stdbool.h>

struct debuginfod;
struct ttlog_snapshot;

struct naming {
	struct debuginfod *debuginfod;
	bool is_dead; /* no server answers: none is asked any more */
	/* Says what was not found, and what failed. */
	void (*say)(void *to, const char *what, bool is_error);
	void *to;
};

/* fd: the file of the snapshot; stays the caller's. A descriptor of the copy, or -ENODATA: no frame
 * has a new name, which is no error; else -errno. */
int naming__copy(struct naming *naming, const struct ttlog_snapshot *snapshot, int fd);

#endif /* TTLOG_VIEW_NAMING_H */
