/* SPDX-License-Identifier: MIT */
/*
 * Snapshots by reason, since the collector began. Reasons that users give count together: so there
 * are few, however many names programs invent.
 */
#ifndef TTLOG_SNAPSHOT_COUNTS_H
#define TTLOG_SNAPSHOT_COUNTS_H

#include <stdint.h>

#include "storage_fault.h"

/* Grow at the end but for OTHER; snapshot_counts.c has their names. */
enum snapshot_reason {
	SNAPSHOT_CRASH,
	SNAPSHOT_KILLED,
	SNAPSHOT_EXIT,
	SNAPSHOT_TIMER,
	SNAPSHOT_REQUEST,
	SNAPSHOT_FILL,
	SNAPSHOT_EVENT,
	SNAPSHOT_SLOW,
	SNAPSHOT_SHUTDOWN,
	SNAPSHOT_RECOVERED,
	SNAPSHOT_OTHER, /* a reason that a user or a program gave */
	SNAPSHOT_REASON_CNT,
};

/* Up to 1, 10, 100 ms, 1 s, 10 s, and all. */
#define SNAPSHOT_DURATION_CNT 6

struct snapshot_count {
	uint64_t made, failed;
	uint64_t suppressed; /* asked for, and not made, because the last one was too recent */
	uint64_t events, bytes;
	uint64_t took_ns, longest_ns;              /* from the request until the file was on disk */
	uint64_t durations[SNAPSHOT_DURATION_CNT]; /* of made: that took no longer; cumulative */
};

struct snapshot_counts {
	struct snapshot_count by_reason[SNAPSHOT_REASON_CNT];
	uint64_t faults[STORAGE_FAULT_CNT]; /* of what failed: why; each try counts */
};

enum snapshot_reason snapshot_reason__of(const char *reason);
/* "other" for SNAPSHOT_OTHER. */
const char *snapshot_reason__name(enum snapshot_reason reason);
/* The upper bounds of durations; 0 for the last one, which has none. */
uint64_t snapshot_counts__duration_ns(unsigned int i);

void snapshot_counts__made(struct snapshot_counts *counts, const char *reason, uint64_t events,
			   uint64_t bytes, uint64_t took_ns);
/* err: negative errno. */
void snapshot_counts__failed(struct snapshot_counts *counts, const char *reason, int err);
void snapshot_counts__suppressed(struct snapshot_counts *counts, const char *reason);

#endif /* TTLOG_SNAPSHOT_COUNTS_H */
