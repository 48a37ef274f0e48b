/* SPDX-License-Identifier: MIT */
/* Where in a process its events come from: the batches of its threads, the modules that have them. */
#ifndef TTLOG_SOURCE_H
#define TTLOG_SOURCE_H

#include <stdint.h>

#define SOURCE_ANY_EXEC UINT32_MAX

/* One batch buffer of the process, used by one thread at a time. */
struct source {
	uint64_t address; /* 0: free slot */
	uint32_t module;
	uint32_t exec;    /* of which of the process's programs: another may have the same address;
			* SOURCE_ANY_EXEC before the kernel has said so */
	uint32_t tid;     /* who uses it now; 0: nobody */
	uint32_t own_tid; /* what the batch said then of who that is; 0: not known */
	uint32_t thread;  /* number of (tid, comm) in threads[] as of the last batch */
	uint32_t taken_bytes;  /* of seq */
	uint32_t taken_events; /* of seq */
	uint64_t seq;          /* the newest that anything is known of */
	uint64_t base;         /* events before the recording began: not ours */
	uint64_t emitted;      /* events ever, by the program's count */
};

/* A module's own counters and its list of batches. */
struct anchor {
	uint64_t address; /* of its struct ttlog_module */
	uint32_t module;  /* its number */
};

#endif /* TTLOG_SOURCE_H */
