/* SPDX-License-Identifier: MIT */
/*
 * Metrics of each process (--metrics-by pid): of those that run, so that series end with their
 * processes, and of the first PROCESS_SERIES_MAX by pid, so that a page stays small.
 */
#ifndef TTLOG_PROCESS_SERIES_H
#define TTLOG_PROCESS_SERIES_H

#include <stdint.h>
#include <stdio.h>

struct status;

#define PROCESS_SERIES_MAX 1000u

/* now_ns: CLOCK_MONOTONIC. 0 or -ENOMEM. */
int process_series__write(FILE *out, const struct status *status, uint64_t now_ns);

#endif /* TTLOG_PROCESS_SERIES_H */
