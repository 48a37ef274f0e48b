/* SPDX-License-Identifier: MIT */
/*
 * All that goes into a snapshot, whoever it is of: a process that is recorded, or one that a killed
 * collector left.
 */
#ifndef TTLOG_SNAPSHOT_SOURCE_H
#define TTLOG_SNAPSHOT_SOURCE_H

#include <stddef.h>
#include <stdint.h>

#include "accounts.h"
#include "boot.h"
#include "crash.h"

struct clock;
struct ring_copy;
struct site_table;
struct thread;

/* The caller owns everything. Text may be NULL where unknown. */
struct snapshot_source {
	struct ring_copy *events;     /* is told what has been read of it */
	const struct thread *threads; /* by ring_entry.thread */
	size_t thread_cnt;
	const struct site_table *const
		*modules; /* by ring_entry.module; NULL entries are unknown */
	size_t module_cnt;
	const struct clock *clock;
	int64_t boot_offset_ns; /* wall time less CLOCK_MONOTONIC at an earlier boot; 0: this one */

	uint32_t pid;
	uint32_t uid;
	uint64_t start_ns; /* of the process, since boot, 0: not known; maybe only to the 10 ms */
	char boot_id[BOOT_ID_BYTES]; /* of the machine, "" where unknown */
	uint64_t cgroup;
	const char *service, *comm, *exe, *build_id;
	const char *reason;
	uint64_t emitted, recorded, overwritten;
	struct accounts_lost lost;
	const struct crash *crash;  /* NULL: it runs, or */
	struct crash_ending ending; /* this is how it ended */
};

#endif /* TTLOG_SNAPSHOT_SOURCE_H */
