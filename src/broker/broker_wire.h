/* SPDX-License-Identifier: MIT */
/*
 * What the recorder and its broker say to each other: one request and one answer at a time, on a
 * socket for each thread of the recorder. Both are of one build, so nothing here is stored.
 */
#ifndef TTLOG_BROKER_WIRE_H
#define TTLOG_BROKER_WIRE_H

#include <stdint.h>

/* Bytes after a request or an answer: a path and some more, or 256 addresses. */
#define BROKER_PAYLOAD_BYTES 8192u
#define BROKER_MAX_FDS       2u
/* What both have mapped once a thread has asked for memory. */
#define BROKER_SHARED_BYTES  (1u << 19)

/* Add to the table in requests/handlers.c. */
enum broker_op {
	BROKER_HELLO = 1,
	/* process_files.c */
	BROKER_OPEN_PROC,
	BROKER_READ_LINK,
	BROKER_OPEN_CODE,
	BROKER_LIVING_THREAD,
	/* process_memory.c */
	BROKER_SHARE,
	BROKER_READ_MEMORY,
	BROKER_READ_BATCH,
	BROKER_READ_BATCHES,
	BROKER_READ_HEADS,
	/* probe_links.c */
	BROKER_LINK_ALL,
	BROKER_LINK_ONE,
	BROKER_OPEN_CPU,
	/* traced_command.c */
	BROKER_START_COMMAND,
	BROKER_SIGNAL_COMMAND,
	/* tracer.c */
	BROKER_SEIZE,
	BROKER_WAIT,
	BROKER_INTERRUPT,
	BROKER_WAKE,
	/* output_dir.c */
	BROKER_OUT_OPEN_DIR,
	BROKER_OUT_FIND_NEW,
	BROKER_OUT_OPEN,
	BROKER_OUT_LOOK,
	BROKER_OUT_UNLINK,
	BROKER_OUT_LINK,
	BROKER_OUT_LINK_UNNAMED,
	BROKER_OUT_RENAME,
	BROKER_OUT_SET_ATTRIBUTE,
	BROKER_OUT_SHARE,
	/* thread_priority.c */
	BROKER_SET_PRIORITY,
	/* child_process.c */
	BROKER_START_CHILD,
	BROKER_END_CHILD,
	/* given_path.c */
	BROKER_WATCH_PATH,
	BROKER_READ_GIVEN_LINK,
	BROKER_HAS_PATH,
	BROKER_OPEN_SHIPPED,
	BROKER_OP_CNT,
};

struct broker_request {
	uint32_t op;
	int32_t pid;
	uint64_t args[4];
};

struct broker_answer {
	int32_t err; /* 0 or -errno */
	uint32_t reserved;
	uint64_t value;
};

#endif /* TTLOG_BROKER_WIRE_H */
