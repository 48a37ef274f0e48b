/* SPDX-License-Identifier: MIT */
/*
 * An entry of a ring: what was new in a batch.
 */
#ifndef TTLOG_RING_ENTRY_H
#define TTLOG_RING_ENTRY_H

#include <stddef.h>
#include <stdint.h>

/* What stands before each batch's records in the ring. */
struct ring_entry {
	uint32_t bytes;      /* of the records that follow, before padding to 8 */
	uint32_t events;     /* in them */
	uint32_t thread;     /* number in the process's thread table: pid, tid, name at that time */
	uint32_t module;     /* number in the collector's module table: which site table */
	uint64_t base_ticks; /* for the records' delta_ticks */
	uint64_t stamp_ns; /* CLOCK_MONOTONIC when the kernel took the batch: no event is younger */
	uint64_t seq : 48; /* of the batch in its thread */
	uint64_t place : 16; /* events in the batch before these, some of them not in the ring */
	uint64_t clock : 6;  /* enum ttlog_clock */
	uint64_t page : 42;  /* of the batch's address */
	uint64_t words : 16; /* of 4 bytes in the batch before these: recovery goes on after them */
};

_Static_assert(sizeof(struct ring_entry) == 48, "a ring entry starts with 48 bytes");

static inline const void *ring_entry__records(const struct ring_entry *entry)
{
	return entry + 1;
}

/* Whether its first record is the first of a thread's batch. One record alone is in none. */
static inline _Bool ring_entry__begins_batch(const struct ring_entry *entry)
{
	return entry->seq && !entry->words;
}

/* Of a ring's data. */
#define RING_MIN_BYTES (512u << 10)

/* Of an entry in the ring, with all that stands before it. */
#define RING_ENTRY_MAX_BYTES ((size_t)512 << 10)

#endif /* TTLOG_RING_ENTRY_H */
