/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "columns.h"
#include "out.h"

#define LEVEL_WIDTH 5

/* Returns whether lines have to be made again: they have no tids, or too few digits. */
static bool add_threads(struct columns *columns, const struct ttlog_info *info)
{
	const bool repeated = columns->thread_names.repeat;
	const int before = columns->tid_width;

	for (size_t i = 0; i < info->thread_cnt; i++) {
		int width = (int)out__u64_width(info->threads[i]->tid);

		columns->tid_width = width > columns->tid_width ? width : columns->tid_width;
		thread_names__add(&columns->thread_names, info->threads[i]);
	}
	return columns->thread_names.repeat && (!repeated || columns->tid_width > before);
}

bool columns__add_process(struct columns *columns, const struct ttlog_snapshot *reader)
{
	const struct ttlog_info *info = ttlog_snapshot_info(reader);
	int width = (int)out__u64_width(info->pid);
	bool is_changed;

	if (!info->has_header)
		return false;
	is_changed = add_threads(columns, info);
	if (!columns->pid_width)
		columns->pid = info->pid;
	if ((info->pid == columns->pid || columns->has_processes) && width <= columns->pid_width)
		return is_changed;
	columns->has_processes |= info->pid != columns->pid;
	columns->pid_width = width > columns->pid_width ? width : columns->pid_width;
	return true;
}

const char *columns__head(const struct columns *columns, enum cell cell)
{
	static const char *const HEADS[] = { "TIME (UTC)", "LEVEL", "THREAD", "WHERE", "MESSAGE" };

	if (cell != CELL_THREAD || (!columns->has_processes && !columns->thread_names.repeat))
		return HEADS[cell];
	if (!columns->thread_names.repeat)
		return "PID THREAD";
	return columns->has_processes ? "PID TID THREAD" : "TID THREAD";
}

static int width_of(const struct columns *columns, enum cell cell, size_t width, int most)
{
	size_t least = strlen(columns__head(columns, cell));

	width = width > least ? width : least;
	return width < (size_t)most ? (int)width : most;
}

void columns__lay_out(const struct columns *columns, int total_width, struct columns_layout *ret)
{
	/* pid and tid, before a thread's name */
	const int ids = (columns->has_processes ? columns->pid_width + 1 : 0) +
			(columns->thread_names.repeat ? columns->tid_width + 1 : 0);
	int x = 1;

	*ret = (struct columns_layout){ .width = { [CELL_LEVEL] = LEVEL_WIDTH } };
	ret->width[CELL_TIME] = total_width >= 120 ? 18 : 15;
	if (total_width >= 50)
		ret->width[CELL_THREAD] = width_of(columns, CELL_THREAD,
						   columns->widths.comm_width + (size_t)ids,
						   (total_width < 100 ? 10 : 16) + ids);
	if (total_width >= 60)
		ret->width[CELL_WHERE] =
			width_of(columns, CELL_WHERE, columns->widths.where_width, total_width / 5);
	for (int i = 0; i < CELL_CNT; i++) {
		ret->x[i] = x;
		if (i < CELL_CONTENT && ret->width[i])
			x += ret->width[i] + 1;
	}
	ret->width[CELL_CONTENT] = x < total_width ? total_width - x : 0;
}

void columns__fini(struct columns *columns)
{
	thread_names__fini(&columns->thread_names);
}
