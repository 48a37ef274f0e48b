/* SPDX-License-Identifier: MIT */
/*
 * When each thread said how much: events counted by thread and slice of time.
 *
 * Bounded: of more than LANES_MAX threads, those that come later have no lane, and are counted.
 * Snapshots and events may come that nobody knew of at the begin: slices get wider then.
 */
#ifndef TTLOG_VIEW_LANES_H
#define TTLOG_VIEW_LANES_H

#include <stddef.h>
#include <stdint.h>

#include <ttlog/read.h>

#define LANES_MAX    4096u
#define LANES_SLICES 512u

struct lane {
	const struct ttlog_thread *thread; /* with the first of its names */
	uint64_t cnt;
	uint32_t cnts[LANES_SLICES];
	uint8_t levels[LANES_SLICES]; /* the highest */
};

struct lanes {
	struct lane **lanes; /* after lanes__sort: the given thread's first, then the busiest */
	size_t cnt;
	uint64_t first_ns, last_ns; /* wall time, all of it */
	uint64_t step_ns;           /* a slice's */
	uint64_t more;              /* events of threads without a lane */

	struct ttlog_snapshot *const *readers;
	size_t reader_cnt;
	struct lane ***maps; /* a reader: the lane of each of its threads, NULL: none */
	/* The same of the last of the others. */
	const struct ttlog_snapshot *other;
	struct lane **other_map;
	size_t found; /* the last lane that was looked for: the next thread's is often the next one */
};

/* The readers stay the caller's, as do those that come in runs, until lanes__fini. first_ns 0: that
 * of the first event. Returns 0 or -ENOMEM, then with nothing to free. */
int lanes__init(struct lanes *ret, struct ttlog_snapshot *const *readers, size_t reader_cnt,
		uint64_t first_ns, uint64_t last_ns);
void lanes__fini(struct lanes *lanes);
/* Returns 0 or -ENOMEM. */
int lanes__run(struct lanes *lanes, const struct ttlog_run *run);
void lanes__sort(struct lanes *lanes, uint64_t first_tid);
/* So many slices begin before its end. */
static inline size_t lanes__slice_cnt(const struct lanes *lanes)
{
	return (size_t)((lanes->last_ns - lanes->first_ns) / lanes->step_ns) + 1;
}

#endif /* TTLOG_VIEW_LANES_H */
