/* SPDX-License-Identifier: MIT */
/*
 * How many events each thread logged when: counts by thread and slice of time.
 *
 * Bounded: threads after the first LANES_MAX have no lane, and their events are only counted. Live
 * chunks may bring later events: then slices get wider.
 */
#ifndef TTLOG_VIEW_LANES_H
#define TTLOG_VIEW_LANES_H

#include <ttlog/read.h>

#define LANES_MAX    4096u
#define LANES_SLICES 512u

struct lane {
	const struct ttlog_thread *thread; /* with its first name */
	uint64_t cnt;
	uint32_t cnts[LANES_SLICES];
	uint8_t levels[LANES_SLICES]; /* the highest */
};

struct lanes {
	struct lane **lanes; /* after lanes__sort: the given thread's first, then the busiest */
	size_t cnt;
	uint64_t first_ns, last_ns; /* wall time of the first and the last event */
	uint64_t step_ns;           /* of a slice */
	uint64_t more;              /* events of threads without a lane */

	struct ttlog_snapshot *const *readers;
	size_t reader_cnt;
	struct lane ***maps; /* of each reader: the lane of each thread, NULL: none */
	/* The same of the last live chunk. */
	const struct ttlog_snapshot *other;
	struct lane **other_map;
	size_t found; /* the last lane that was looked for: the next one is often after it */
};

/* Readers, also those of runs, must stay open until lanes__fini. first_ns 0: the first event's
 * time. Returns 0, or -ENOMEM with nothing to free. */
int lanes__init(struct lanes *ret, struct ttlog_snapshot *const *readers, size_t reader_cnt,
		uint64_t first_ns, uint64_t last_ns);
void lanes__fini(struct lanes *lanes);
/* Returns 0 or -ENOMEM. */
int lanes__run(struct lanes *lanes, const struct ttlog_run *run);
void lanes__sort(struct lanes *lanes, uint64_t first_tid);
/* How many slices are in use. */
static inline size_t lanes__slice_cnt(const struct lanes *lanes)
{
	return (size_t)((lanes->last_ns - lanes->first_ns) / lanes->step_ns) + 1;
}

#endif /* TTLOG_VIEW_LANES_H */
