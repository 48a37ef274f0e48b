/* SPDX-License-Identifier: MIT */
/*
 * The records of a copy of a ring, one at a time, in the order of time.
 *
 * Memory grows with entries and threads, not with records: MERGE_WINDOWS_BYTES of the copy are in
 * memory, and more only if there are thousands of threads or records are large.
 */
#ifndef TTLOG_MERGE_H
#define TTLOG_MERGE_H

#include <stddef.h>
#include <stdint.h>

#include "contexts.h"

struct catalog;
struct catalog_site;
struct clock;
struct merge;
struct ring_copy;

#define MERGE_WINDOWS_BYTES ((size_t)2 << 20)

struct merge_record {
	uint64_t mono_ns;     /* never falls from one record to the next */
	uint64_t duration_ns; /* of a span's end; else 0 */
	const struct catalog_site *site;
	const unsigned char *fields; /* until the next call; they fit the site */
	uint32_t bytes;              /* of the whole record */
	uint32_t thread;             /* as in the ring's entries */
	uint64_t seq;                /* of its batch; 0: a batch of one record */
	uint64_t base_ticks;         /* of its batch; 0: its place is not known */
	uint32_t place;              /* of the record in its batch */
	struct context context;
	uint64_t suppressed; /* calls of its site that its thread left out before it; 0: none */
};

/* NULL with errno. All must stay as long as it. contexts: at the start of the copy; changes as
 * records go by. */
struct merge *merge__new(struct ring_copy *copy, const struct catalog *catalog,
			 const struct clock *clock, struct contexts *contexts);
/* NULL is fine. */
void merge__free(struct merge *merge);

/* 1 with the next record, 0 at the end. */
int merge__next(struct merge *merge, struct merge_record *ret_record);

/* The place in the copy of the oldest entry that is still needed; at the end, of the last one. */
size_t merge__oldest(const struct merge *merge);

/* Events up to here that could not be decoded: site or thread unknown, lengths that do not fit. */
uint64_t merge__corrupt_cnt(const struct merge *merge);

#endif /* TTLOG_MERGE_H */
