/* SPDX-License-Identifier: MIT */
/*
 * Counts the events of a run by the keys of their groups, without reading the values of single
 * events: dictionaries and small integers already are numbers.
 */
#ifndef TTLOG_VIEW_GROUP_COUNT_H
#define TTLOG_VIEW_GROUP_COUNT_H

#include <ttlog/read.h>

/* The events of one site with the same values of the fields and, if by_thread, of one thread. */
struct count_cell {
	uint32_t cnt;         /* 0: no such events */
	uint32_t first, last; /* positions in the chunk */
	uint32_t end;         /* once rows were asked for: the end of its rows */
};

struct count_keys {
	const struct ttlog_text *fields; /* of two fields of one key the first counts */
	unsigned field_cnt;
	bool by_thread;
};

struct group_count;

/* free() frees it. NULL: no memory. */
struct group_count *group_count__new(void);

/* Returns how many cells *ret_cells has, until the next call; or -E2BIG: too many, or more than
 * events. Then counting one by one is better. */
int group_count__run(struct group_count *counter, const struct ttlog_run *run,
		     const struct count_keys *keys, const struct count_cell **ret_cells);

/* Whether values of a type can be digits of a cell. */
bool group_count__is_int(uint8_t type);

/* The first cell of a group of the last run's chunk; with the number of groups, the end of all
 * cells. */
uint32_t group_count__first_cell(const struct group_count *counter, uint32_t group);
/* The rows of all events of the run, by cell: a cell's are the `cnt` before its `end`. */
const uint32_t *group_count__sorted_rows(struct group_count *counter, const struct ttlog_run *run);
/* The rows of a cell's events in their group, until the next run; NULL: all rows of the group.
 * `run` is the last one. */
const uint32_t *group_count__rows(struct group_count *counter, const struct ttlog_run *run,
				  const struct count_cell *cell);

#endif /* TTLOG_VIEW_GROUP_COUNT_H */
