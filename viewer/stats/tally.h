/* SPDX-License-Identifier: MIT */
/*
 * Counts the events of a run by what tells their groups apart, without looking at one event's
 * values: dictionaries and small integers are numbers already.
 */
#ifndef TTLOG_VIEW_TALLY_H
#define TTLOG_VIEW_TALLY_H

#include <stdbool.h>
#include <stdint.h>

#include <ttlog/read.h>

/* Events that are alike in site, in the fields and, where asked for, in thread. */
struct tally_cell {
	uint32_t cnt;         /* 0: no such events */
	uint32_t first, last; /* positions in the chunk */
	uint32_t end;         /* once rows were asked for: behind its rows, of all */
};

struct tally_keys {
	const struct ttlog_text *fields; /* keys; of several fields of one key the first counts */
	unsigned field_cnt;
	bool by_thread;
};

struct tally;

struct tally *tally__new(void); /* NULL: no memory */
void tally__free(struct tally *tally);

/* Returns how many cells *ret_cells has, until the next call, or -E2BIG where there would be too
 * many, or more than there is to count: events are then better counted one by one. */
int tally__run(struct tally *tally, const struct ttlog_run *run, const struct tally_keys *keys,
	       const struct tally_cell **ret_cells);

/* Whether values of a type are numbers that cells are made of. */
bool tally__is_int(uint8_t type);

/* The first cell of a group of the chunk; of all groups: behind the last one. The last run's. */
uint32_t tally__first_cell(const struct tally *tally, uint32_t group);
/* The rows of all events of that run, cell by cell: a cell's are the `cnt` before its `end`. */
const uint32_t *tally__sorted_rows(struct tally *tally, const struct ttlog_run *run);
/* The rows that a cell's events have in their group, until the next run; NULL: all of the group. The
 * run is that of the last tally__run. */
const uint32_t *tally__rows(struct tally *tally, const struct ttlog_run *run,
			    const struct tally_cell *cell);

#endif /* TTLOG_VIEW_TALLY_H */
