/* SPDX-License-Identifier: MIT */
/* The columns of the table: what the threads' column tells, and how wide each of them is. */
#ifndef TTLOG_VIEW_COLUMNS_H
#define TTLOG_VIEW_COLUMNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ttlog/read.h>
#include "thread_names.h"

enum cell {
	CELL_TIME,
	CELL_LEVEL,
	CELL_THREAD,
	CELL_WHERE,
	CELL_CONTENT,
	CELL_CNT,
};

struct columns {
	size_t comm_width, where_width; /* of the longest that were met */
	uint64_t pid;                   /* of the first snapshot */
	bool has_processes;             /* there are others: the threads' column has pids, too */
	int pid_width;
	struct thread_names thread_names; /* where they repeat it has tids, too */
	int tid_width;
};

struct columns_layout {
	int x[CELL_CNT], width[CELL_CNT]; /* in columns of the terminal; width 0: not shown */
};

/* Makes room for what these snapshots say of their threads and sites. */
void columns__widen(struct columns *columns, struct ttlog_snapshot *const *readers, size_t cnt);
/* A snapshot that is there from now on. Returns whether the text of lines is another one now. */
bool columns__add_process(struct columns *columns, const struct ttlog_snapshot *reader);
const char *columns__head(const struct columns *columns, enum cell cell);
void columns__lay_out(const struct columns *columns, int total_width, struct columns_layout *ret);
void columns__fini(struct columns *columns);

#endif /* TTLOG_VIEW_COLUMNS_H */
