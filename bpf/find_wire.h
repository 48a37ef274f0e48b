/* SPDX-License-Identifier: MIT */
/*
 * Between bpf/find.bpf.c and src/attach/find/exec_events.c: files that processes execute.
 */
#ifndef TTLOG_FIND_WIRE_H
#define TTLOG_FIND_WIRE_H

#include "ttlog/abi.h" /* the types, also for BPF */

/* A file's contents, as the kernel knows them. When a file is written over, its size or change time
 * differs. No padding: it is a key of a map. */
struct find_file {
	uint64_t inode;
	uint64_t ctime_ns;
	uint64_t bytes;
	uint32_t dev; /* of the inode that has the contents: of overlayfs, the lower one */
	uint32_t generation;
};

/* Not stored in files. */
enum find_state {
	FIND_NEW = 0,   /* nothing is known: it is reported, less often each time */
	FIND_KNOWN = 1, /* it has no sites, or they are enabled in all processes: never reported */
	FIND_EACH = 2,  /* it has sites: each process that executes it is reported */
};

struct find_entry {
	uint32_t state; /* enum find_state */
	uint32_t report_cnt;
	uint64_t quiet_until_ns; /* FIND_NEW: not reported again before */
};

struct find_message {
	struct find_file file;
	uint64_t address;  /* in a mapping of the file */
	uint64_t start_ns; /* of the process, since boot */
	uint32_t pid;
	uint32_t reserved;
};

struct find_question {
	uint64_t address;
	struct find_file file; /* the answer */
};

#endif /* TTLOG_FIND_WIRE_H */
