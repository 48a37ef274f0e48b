/* SPDX-License-Identifier: MIT */
/*
 * The processes of several answers to `status`, each with what has changed since the last time.
 */
#ifndef TTLOG_CTL_RATES_H
#define TTLOG_CTL_RATES_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

enum rates_sort {
	RATES_BY_EVENTS,
	RATES_BY_LOST,
	RATES_BY_FILL,
	RATES_BY_TRAPS,
	RATES_BY_PID,
	RATES_BY_SERVICE,
	RATES_SORT_CNT,
};

struct rates_row {
	uint64_t collector, pid, start_ns; /* which process */
	char service[32], comm[32];        /* cut */
	uint64_t mono_ns;                  /* when that was */
	uint64_t emitted, lost, overwritten, bytes, flushes;
	uint64_t ring_bytes, ring_used_bytes, newest_age_ns;
	/* a second; 0 if it was not there the last time */
	double events_s, lost_s, overwritten_s, bytes_s, traps_s;
};

/* What all collectors take; cpu: CPUs in use since the last time. */
struct rates_totals {
	size_t collector_cnt;
	uint64_t cpu_ns, mono_ns, resident_bytes, ring_memory_bytes;
	double cpu;
	double events_s, lost_s;
};

/* Starts with zeros. */
struct rates {
	struct rates_row *rows, *before; /* before: of the last time, sorted by process */
	size_t cnt, cap, before_cnt, before_cap;
	struct rates_totals totals, totals_before;
};

void rates__fini(struct rates *rates);
/* A new look: what was there becomes the last time. */
void rates__begin(struct rates *rates);
/* 0 or -ENOMEM. */
int rates__add(struct rates *rates, json_t *answer);
/* After the last rates__add(): computes the rates, and sorts. */
void rates__end(struct rates *rates, enum rates_sort sort);

/* Sorts again. */
void rates__sort(struct rates *rates, enum rates_sort sort);

#endif /* TTLOG_CTL_RATES_H */
