/* SPDX-License-Identifier: MIT */
/*
 * Counts the events of a run by what tells their groups apart, without looking at one event's
 * values: dictionaries and small integers are numbers already.
 */
#ifndef TTLOG_VIEW_GROUP_COUNT_H
#define TTLOG_VIEW_GROUP_COUNT_H

#include <stdbool.h>
#include <stdint.h>

#include <ttlog/read.h>

/* Events that are alike in site, in the fields and, where asked for, in thread. */
struct count_cell {
	uint32_t cnt;         /* 0: no such events */
	uint32_t first, last; /* positions in the chunk */
	uint32_t end;         /* once rows were asked for: behind its rows, of all */
};

struct count_keys {
	const struct ttlog_text *fields; /* keys; of several fields of one key the first counts */
	unsigned field_cnt;
	bool by_thread;
};

struct group_count;

struct group_count *group_count__new(void); /* NULL: no memory */
void group_count__free(struct group_count *counter);

/* Returns how many cells *ret_cells has, until the next call, or -E2BIG where there would be too
 * many, or more than there is to count: events are then better counted one by one. */
int group_count__run(struct group_count *counter, const struct ttlog_run *run,
		     const struct count_keys *keys, const struct count_cell **ret_cells);

/* Whether values of a type are numbers that cells are made of. */
bool group_count__is_int(uint8_t type);

/* The first cell of a group of the chunk; of all groups: behind the last one. The last run's. */
uint32_t group_count__first_cell(const struct group_count *counter, uint32_t group);
/* The rows of all events of that run, cell by cell: a cell's are the `cnt` before its `end`. */
const uint32_t *group_count__sorted_rows(struct group_count *counter, const struct ttlog_run *run);
/* The rows of a cell's events in their group, until the next run; NULL: all rows of the group. The
 * run is that of the last group_count__run. */
const uint32_t *group_count__rows(struct group_count *counter, const struct ttlog_run *run,
				  const struct count_cell *cell);

#endif /* TTLOG_VIEW_GROUP_COUNT_H */
