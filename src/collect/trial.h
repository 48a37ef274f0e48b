/* SPDX-License-Identifier: MIT */
/*
 * Recording, tried: what --check asks of the product itself. A marked child (subject.h) is recorded
 * by a collector in a process of its own, with rings and files in a private directory that goes
 * again.
 */
#ifndef TTLOG_TRIAL_H
#define TTLOG_TRIAL_H

#include <stdbool.h>
#include <stdint.h>

struct trial {
	bool ok; /* every event was recorded, the last ones at its death, and is in a file */
	char detail[240]; /* what was seen, or what went wrong */
	/* where the sites were on; all 0 elsewhere */
	uint64_t trap_ns;             /* one hit of a uprobe */
	uint64_t copy_bytes, copy_ns; /* a batch that the kernel copies at a death */
};

/* Each takes a second or so, 30 at the most. */
void trial__by_pid(struct trial *ret);
void trial__by_command(struct trial *ret);

#endif /* TTLOG_TRIAL_H */
