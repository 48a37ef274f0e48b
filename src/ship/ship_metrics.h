/* SPDX-License-Identifier: MIT */
/* --metrics: what each destination has done, and has still to do, for Prometheus. */
#ifndef TTLOG_SHIP_METRICS_H
#define TTLOG_SHIP_METRICS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "spool.h"

struct destination;
struct listen_address;
struct ship_metrics;

/* Of one destination: its thread adds, any thread reads, both atomically. */
struct ship_counts {
	uint64_t sent_files;
	uint64_t sent_bytes; /* with what was sent in vain */
	uint64_t whole, not_whole;
	uint64_t resends;
	uint64_t failures;
	uint64_t
		crash_ns; /* from the last crash that was sent until it was in the index; 0: none was */
	uint64_t is_connected;
	uint64_t refused;          /* files that the place does not want */
	uint64_t rejected_records; /* of files that it took */
};

struct ship_figures {
	const char *destination;
	struct ship_counts counts;
	struct spool_counts spool;
};

/* A page of text, which the caller frees. now_ns: CLOCK_REALTIME. 0 or -ENOMEM. */
int ship_metrics__write(const struct ship_figures *figures, size_t cnt, uint64_t now_ns,
			char **ret_text, size_t *ret_bytes);

/* A socket that listens there, before rights are given up; or -errno, which was printed. */
int ship_metrics__listen(const struct listen_address *address);
/* Serves pages of these, which stay the caller's and must live longer. Takes ownership of listen_fd.
 * NULL with errno. */
struct ship_metrics *ship_metrics__start(int listen_fd, const struct destination *destinations,
					 size_t cnt);
/* NULL is fine. */
void ship_metrics__end(struct ship_metrics *metrics);

#endif /* TTLOG_SHIP_METRICS_H */
