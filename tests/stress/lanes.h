/* SPDX-License-Identifier: MIT */
/*
 * A page of memory that a victim shares with the runner: every thread counts there the events that
 * it has committed.
 *
 * A lane is one sequence of events, numbered from 1, by one thread or one signal handler. Its count
 * is stored right after each event. So at any death, the number of committed events is the count,
 * or one more.
 */
#ifndef STRESS_LANES_H
#define STRESS_LANES_H

#include <stdint.h>

#define LANES_MAX           16384
#define LANES_PROCESSES_MAX 64

enum lane_flags {
	LANE_CLOSED = 1, /* its owner has counted its last event: the count is exact */
	LANE_UNORDERED =
		2,        /* of a signal handler: the file's order may differ within a nanosecond */
	LANE_LIBRARY = 4, /* from sites of the library, not of the program */
};

struct lane {
	uint64_t committed;
	uint32_t pid;
	uint32_t tid;   /* 0: several threads, or unknown */
	uint32_t flags; /* enum lane_flags */
	uint32_t reserved[11];
};

/* The expected end of a process of the victim, which writes this before it ends. */
struct lanes_process {
	uint32_t pid;
	int32_t signal; /* 0: it exits */
	int32_t code;
	uint32_t reserved;
};

struct lanes {
	uint32_t lane_cnt;
	uint32_t process_cnt;
	uint32_t ready;     /* futex: 0 to 1 when the runner is to kill */
	uint32_t listening; /* orphan: low half: sites are on; high half: the control probe is */
	struct lanes_process processes[LANES_PROCESSES_MAX];
	char complaint[256]; /* a mistake that the victim itself found */
	struct lane lanes[LANES_MAX];
};

_Static_assert(sizeof(struct lane) == 64, "a lane has a cache line");

#endif /* STRESS_LANES_H */
