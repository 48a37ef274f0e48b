/* SPDX-License-Identifier: MIT */
/*
 * What all flight rings together may take of memory (--max-memory).
 *
 * A ring that is refused memory overwrites what it has, or takes the oldest memory of the largest
 * ring (ring_memory.c). So rings that come late get their share: in the end all that want memory
 * have equally much.
 *
 * All calls come from the one thread that writes to all rings, but take() of what is to spare and give() may come
 * from any thread.
 */
#ifndef TTLOG_RING_BUDGET_H
#define TTLOG_RING_BUDGET_H

#include <stdbool.h>
#include <stdint.h>

struct ring;
struct ring_budget;

#define RING_BUDGET_MIN_BYTES ((uint64_t)1 << 20)

/* Half of what is free in the file system of `dir`, or of what this process's memory cgroup has
 * left (RING_BUDGET_MIN_BYTES at least), whichever is less. 0 or -errno. */
int ring_budget__of_dir(const char *dir, uint64_t *ret_bytes);

/* NULL with errno. */
struct ring_budget *ring_budget__new(uint64_t max_bytes);
/* When its rings are freed. NULL is fine. */
void ring_budget__free(struct ring_budget *budget);

/* budget: NULL is a budget without a limit, here and below. */
void ring_budget__add(struct ring_budget *budget, struct ring *ring);
void ring_budget__remove(struct ring_budget *budget, struct ring *ring);

/* What memory is for, and what part of the budget is left for other uses then. */
enum ring_budget_use {
	RING_BUDGET_BEGIN, /* what a ring needs to begin: none */
	RING_BUDGET_MORE,  /* a sixteenth, for rings that begin */
	RING_BUDGET_SPARE, /* what may never be needed: a quarter */
};

/* Whether there was so much. */
bool ring_budget__take(struct ring_budget *budget, enum ring_budget_use use, uint64_t bytes);
void ring_budget__give(struct ring_budget *budget, uint64_t bytes);
/* What is used, and the most that may be (UINT64_MAX: no limit). Any thread. */
void ring_budget__read(struct ring_budget *budget, uint64_t *ret_used_bytes,
		       uint64_t *ret_max_bytes);
/* Whether there is so much now. */
bool ring_budget__fits(struct ring_budget *budget, uint64_t bytes);
/* The rings, linked by budget_next; NULL for none. */
struct ring *ring_budget__first(const struct ring_budget *budget);

#endif /* TTLOG_RING_BUDGET_H */
