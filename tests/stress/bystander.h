/* SPDX-License-Identifier: MIT */
/*
 * The counts of a program that logs while collectors are killed, in memory shared with orphans.c.
 * Only the bystander writes it.
 */
#ifndef STRESS_BYSTANDER_H
#define STRESS_BYSTANDER_H

#include <stdint.h>

#define BYSTANDER_LANES 4 /* threads that log */

struct bystander_lane {
	uint64_t emitted; /* events that went into the thread's batch: `n`, from 1 */
	uint64_t calls;   /* of the mark, recorded or not */
	uint32_t tid;
	uint32_t reserved[11];
};

struct bystander {
	uint32_t listening; /* low half: whether the site is on; high half: the control probe */
	uint32_t looks;     /* how often it checked that; may wrap */
	uint32_t reserved[14];
	struct bystander_lane lanes[BYSTANDER_LANES];
};

_Static_assert(sizeof(struct bystander_lane) == 64, "a lane has a cache line");

#endif /* STRESS_BYSTANDER_H */
