/* SPDX-License-Identifier: MIT */
/* The columns of the table: what the threads' column shows, and how wide each column is. */
#ifndef TTLOG_VIEW_COLUMNS_H
#define TTLOG_VIEW_COLUMNS_H

#include <ttlog/read.h>
#include "text.h"
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
	struct text_output widths; /* of the longest texts so far */
	uint64_t pid;              /* of the first snapshot */
	bool has_processes;        /* more than one: the threads' column shows pids, too */
	int pid_width;
	struct thread_names thread_names; /* if names repeat, it shows tids, too */
	int tid_width;
};

struct columns_layout {
	int x[CELL_CNT], width[CELL_CNT]; /* in columns of the terminal; width 0: not shown */
};

/* Takes note of a new snapshot. Returns whether the text of lines changes. */
bool columns__add_process(struct columns *columns, const struct ttlog_snapshot *reader);
const char *columns__head(const struct columns *columns, enum cell cell);
void columns__lay_out(const struct columns *columns, int total_width, struct columns_layout *ret);
void columns__fini(struct columns *columns);

#endif /* TTLOG_VIEW_COLUMNS_H */
