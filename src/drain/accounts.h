/* SPDX-License-Identifier: MIT */
/*
 * What became of a process's events: emitted = recorded + lost, by the program's own count.
 */
#ifndef TTLOG_ACCOUNTS_H
#define TTLOG_ACCOUNTS_H

#include <stdint.h>

struct process;
struct wire_process;

struct accounts_lost {
	uint64_t memory, kernel_ring, fault, corrupt, table_full;
};

struct accounts {
	uint64_t emitted, recorded, overwritten, lost_total;
	struct accounts_lost lost;
};

/* kernel: BPF's counters; NULL where they are gone. What is unreadable counts as recorded. */
void accounts__of(const struct process *process, const struct wire_process *kernel,
		  struct accounts *ret);
/* Of what was recorded, so much is lost. */
void accounts__add_corrupt(struct accounts *accounts, uint64_t cnt);

#endif /* TTLOG_ACCOUNTS_H */
