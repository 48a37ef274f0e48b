/* SPDX-License-Identifier: MIT */
/*
 * What a status says of each service: of its processes that run and of those that have ended.
 *
 * Prometheus takes a count that falls for one that began anew, so no count here ever falls: not when
 * an account is corrected, nor when a process runs another program. A service keeps its place for
 * good. The first SERVICE_SUM_MAX services have one, the rest have one together, so that there are
 * few series whatever programs call themselves.
 */
#ifndef TTLOG_SERVICE_SUMS_H
#define TTLOG_SERVICE_SUMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct status;

#define SERVICE_SUM_MAX   64u
#define SERVICE_SUM_BYTES 64u
#define SERVICE_REST      "other"   /* also a service of that name */
#define SERVICE_UNKNOWN   "unknown" /* processes without one */

/* Switches to update: metrics_page.c. */
enum service_count {
	SERVICE_RECORDED,
	SERVICE_OVERWRITTEN,
	SERVICE_LOST_MEMORY,
	SERVICE_LOST_KERNEL_RING,
	SERVICE_LOST_FAULT,
	SERVICE_LOST_CORRUPT,
	SERVICE_LOST_TABLE_FULL,
	SERVICE_BYTES,
	SERVICE_FLUSHES,
	SERVICE_ENDED,
	SERVICE_COUNT_CNT,
};

struct service_sum {
	char name[SERVICE_SUM_BYTES]; /* clean UTF-8, cut */
	uint64_t counts[SERVICE_COUNT_CNT];
	/* of the last status */
	uint64_t now[SERVICE_COUNT_CNT];
	uint64_t process_cnt;
	uint64_t ring_used_bytes, ring_bytes, unsaved_bytes;
	uint64_t newest_ns; /* CLOCK_MONOTONIC, ever; 0: no event yet */
	/* the same: what came later may not be on disk, of one of its streams; 0: all is */
	uint64_t not_durable_ns;
};

struct service_sums {
	struct service_sum items[SERVICE_SUM_MAX + 1]; /* the first one is the rest */
	size_t cnt;                                    /* 0: nothing was taken yet */
};

/* After that `items` has at least the rest. */
void service_sums__take(struct service_sums *sums, const struct status *status);
/* A service as a label: clean, and cut. NULL: none. */
void service_sums__name(const char *service, char ret_name[SERVICE_SUM_BYTES]);
/* Whether the rest has anything. */
bool service_sums__has_rest(const struct service_sums *sums);

#endif /* TTLOG_SERVICE_SUMS_H */
