/* SPDX-License-Identifier: MIT */
/*
 * What became of a process's events: emitted = recorded + lost, by the program's own count.
 */
#ifndef TTLOG_ACCOUNTS_H
#define TTLOG_ACCOUNTS_H

#include <stdint.h>

struct wire_process;

/* Of events. Those in batches are counted in emitted_in_batches (source_table.h). */
struct event_counts {
	uint64_t recorded;
	uint64_t alone;      /* sent outside of any thread's batch */
	uint64_t unreadable; /* of recorded: malformed, as its last snapshot has found */
	uint64_t corrupt;    /* in malformed batches */
	uint64_t refused;    /* in batches above the limit */
	uint64_t no_memory;  /* the ring, or an earlier program, had no memory for them */
	uint64_t dropped;    /* the program has no memory for them */
};

/* The journal has this struct. */
struct accounts_lost {
	uint64_t memory, kernel_ring, fault, corrupt, table_full;
};

struct accounts {
	uint64_t emitted, recorded, overwritten, lost_total;
	struct accounts_lost lost;
	uint64_t
		unread; /* events with a value that could not be read; counted as all others, too */
	/* calls that TTLOG_PROBE_EVERY and _LIMIT left out; no event counts them */
	uint64_t suppressed;
	uint64_t lost_stacks; /* --stack: of events, that the kernel could not send */
};

/* kernel: BPF's counters; NULL if they are gone. Unreadable events count as recorded. */
void accounts__make(struct accounts *ret, const struct event_counts *counts,
		    uint64_t emitted_in_batches, uint64_t overwritten,
		    const struct wire_process *kernel);
/* Moves cnt events from recorded to lost. */
void accounts__add_corrupt(struct accounts *accounts, uint64_t cnt);

#endif /* TTLOG_ACCOUNTS_H */
