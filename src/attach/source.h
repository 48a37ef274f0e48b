/* SPDX-License-Identifier: MIT */
/* The sources of a process's events: the batches of its threads, and their modules. */
#ifndef TTLOG_SOURCE_H
#define TTLOG_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

#define SOURCE_ANY_EXEC UINT32_MAX

/* One batch buffer of the process, used by one thread at a time. */
struct source {
	uint64_t address; /* 0: free slot */
	uint32_t module;
	uint32_t exec;         /* count of execs: another program may use the same address;
			* SOURCE_ANY_EXEC: the kernel has not told yet */
	uint32_t tid;          /* the thread that uses it now; 0: none */
	uint32_t own_tid;      /* the tid in the batch at that time; 0: unknown */
	uint32_t thread;       /* number of (tid, comm) in threads[] as of the last batch */
	uint32_t taken_bytes;  /* of seq */
	uint32_t taken_events; /* of seq */
	uint64_t seq;          /* the newest that is known */
	uint64_t ticks;        /* base_ticks of seq; 0: unknown */
	uint64_t base;         /* events before recording began: not ours */
	uint64_t emitted;      /* events ever, by the program's count */
	/* calls that were left out (struct ttlog_side_total): before recording began, and ever */
	uint64_t suppressed_base, suppressed;
	bool is_joining; /* since source_table.is_joining */
};

/* A module's own counters and its list of batches. */
struct anchor {
	uint64_t address; /* of its struct ttlog_module */
	uint32_t module;  /* its number */
};

#endif /* TTLOG_SOURCE_H */
