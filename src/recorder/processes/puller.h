/* SPDX-License-Identifier: MIT */
/*
 * Reads from running processes what their threads have not flushed.
 *
 * meanwhile->act() is called before each batch that was read is taken. It must take all that the ring
 * buffer has: a flush from before the reading must be taken first. If it returns false, it could
 * not, and the batches that were read are dropped.
 */
#ifndef TTLOG_PULLER_H
#define TTLOG_PULLER_H

#include <stdint.h>

struct processes;
struct pull_meanwhile;
struct wire_batch;

struct puller {
	struct processes *processes;
	struct wire_batch *buffer;
	uint64_t idle_due_ns; /* of puller__pull_idle() */
};

/* 0 or -ENOMEM. */
int puller__init(struct puller *puller, struct processes *processes);
void puller__fini(struct puller *puller);
/* One process, or all (0). */
void puller__pull(struct puller *puller, uint32_t pid, const struct pull_meanwhile *meanwhile);
/* All, but only batches that have something new. */
void puller__pull_new(struct puller *puller, const struct pull_meanwhile *meanwhile);
/* The same, but not of batches that began less than young_ns ago: their threads fill them quickly,
 * or they are read the next time. So what a busy thread logs is not read twice. */
void puller__pull_older(struct puller *puller, uint64_t young_ns,
			const struct pull_meanwhile *meanwhile);
/* The same as puller__pull_new() about once a second, if the machine may take the pages of batches away: then a death
 * could not copy them. */
void puller__pull_idle(struct puller *puller, const struct pull_meanwhile *meanwhile);

#endif /* TTLOG_PULLER_H */
