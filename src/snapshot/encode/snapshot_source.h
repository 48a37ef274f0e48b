/* SPDX-License-Identifier: MIT */
/*
 * All that goes into a snapshot of a process: one that is recorded, or one that a killed collector
 * left.
 */
#ifndef TTLOG_SNAPSHOT_SOURCE_H
#define TTLOG_SNAPSHOT_SOURCE_H

#include <stddef.h>
#include <stdint.h>

#include "accounts.h"
#include "boot.h"
#include "crash.h"
#include "schedule.h"

struct clock;
struct event_stack;
struct redact;
struct ring_copy;
struct site_table;
struct tags;
struct thread;

/* The caller owns everything. Text is NULL if unknown. */
struct snapshot_source {
	struct ring_copy *events;     /* is told what has been read of it */
	const struct thread *threads; /* by ring_entry.thread */
	size_t thread_cnt;
	const struct site_table *const
		*modules; /* by ring_entry.module; NULL entries are unknown */
	size_t module_cnt;
	bool has_side;                   /* false: `events` has no record of TTLOG_SIDE_SITE */
	const struct contexts *contexts; /* of its threads, when `events` begins; NULL: none */
	const struct clock *clock;
	int64_t boot_offset_ns; /* an earlier boot's wall time less CLOCK_MONOTONIC; 0: this boot */

	uint32_t pid;
	uint32_t ns_pid; /* in its own pid namespace; 0: not known */
	uint32_t uid;
	uint64_t start_ns; /* of the process, since boot, maybe only to the 10 ms; 0: not known */
	char boot_id[BOOT_ID_BYTES]; /* of the machine, "" if unknown */
	uint64_t cgroup;
	const char *service, *comm, *exe, *build_id;
	const char *cgroup_path;
	const char *reason;
	const struct tags *tags;     /* NULL: none */
	const struct redact *redact; /* NULL: no value is hidden */
	struct trigger_cause cause;  /* of a watch that fired */
	uint64_t suppressed_cnt;     /* triggers that --min-gap suppressed before it */
	uint64_t emitted, recorded, overwritten;
	struct accounts_lost lost;
	uint64_t unread;                  /* events with a value that could not be read */
	uint64_t suppressed;              /* calls that TTLOG_PROBE_EVERY and _LIMIT left out */
	const struct event_stack *stacks; /* of events; with names */
	size_t stack_cnt;
	uint64_t stacks_wanted;     /* that were to be taken so far; of how many there are some */
	const struct crash *crash;  /* NULL: see ending */
	struct crash_ending ending; /* of a process that a killed collector left */
};

#endif /* TTLOG_SNAPSHOT_SOURCE_H */
