/* SPDX-License-Identifier: MIT */
/*
 * The records of a copy of a ring, one at a time, in the order of time.
 *
 * Memory grows with entries and threads, not with records.
 */
#ifndef TTLOG_MERGE_H
#define TTLOG_MERGE_H

#include <stddef.h>
#include <stdint.h>

struct catalog;
struct catalog_site;
struct clock;
struct merge;
struct ring_copy;
struct ring_entry;

struct merge_record {
	uint64_t mono_ns;     /* never falls from one record to the next */
	uint64_t duration_ns; /* of a span's end; else 0 */
	const struct catalog_site *site;
	const unsigned char *fields; /* in the copy; they fit the site */
	uint32_t bytes;              /* of the whole record */
	uint32_t thread;             /* as in the ring's entries */
};

/* NULL with errno. Copy, catalog and clock must stay as long as it. */
struct merge *merge__new(const struct ring_copy *copy, const struct catalog *catalog,
			 const struct clock *clock);
/* NULL is fine. */
void merge__free(struct merge *merge);

/* 1 with the next record, 0 at the end. */
int merge__next(struct merge *merge, struct merge_record *ret_record);

/* The oldest entry that records are yet to come from, NULL at the end. */
const struct ring_entry *merge__oldest(const struct merge *merge);

/* Events up to here that could not be decoded: site or thread unknown, lengths that do not fit. */
uint64_t merge__corrupt_cnt(const struct merge *merge);

#endif /* TTLOG_MERGE_H */
