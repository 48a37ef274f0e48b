/* SPDX-License-Identifier: MIT */
/*
 * The page of --metrics: a status as the text that Prometheus reads. It needs nothing else of the
 * recorder, so it can be made in a process without rights.
 */
#ifndef TTLOG_METRICS_PAGE_H
#define TTLOG_METRICS_PAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct metrics_page;
struct status;

struct metrics_page_options {
	uint64_t trap_ns; /* what a trap costs; 0: not known */
	bool by_pid;      /* also each process */
};

/* NULL without memory. */
struct metrics_page *metrics_page__new(const struct metrics_page_options *options);
/* NULL is fine. */
void metrics_page__free(struct metrics_page *page);
/* One thread at a time. The caller frees the text. 0 or -ENOMEM. */
int metrics_page__write(struct metrics_page *page, const struct status *status, char **ret_text,
			size_t *ret_bytes);

#endif /* TTLOG_METRICS_PAGE_H */
