/* SPDX-License-Identifier: MIT */
/*
 * Which sites and threads occur in a copy of a ring, and their numbers in the snapshot.
 *
 * The header of a snapshot lists them and is written before the events, so the copy is walked
 * twice: here to see what there is, in merge.c in the order of time. Both take the same records,
 * namely those for which catalog__find() and catalog_site__fits() say yes.
 */
#ifndef TTLOG_CATALOG_H
#define TTLOG_CATALOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct catalog;
struct ring_copy;
struct site;
struct site_table;

#define CATALOG_NO_NUMBER UINT32_MAX

struct catalog_site {
	const struct site *site;
	bool is_span_end; /* else it is the site itself, or its begin */
	uint8_t nfields;  /* as recorded; a span's end has one, the ticks of its begin */
	const uint8_t *types;
	uint32_t fixed_bytes; /* of all fields; meaningless where is_variable */
	bool is_variable;
	uint32_t number; /* in the file; CATALOG_NO_NUMBER where it does not occur */
	uint64_t record_cnt;
	/* of one that occurs: its module's number in the file, and build id, "" where it has none */
	uint32_t module;
	const char *build_id;
};

/* Which sites count: records of others are passed over as if nobody knew them. */
struct catalog_choice {
	bool (*wants)(const void *ctx, const struct catalog_site *site);
	const void *ctx;
};

/* NULL with errno. The tables must stay as long as the catalog. choice: NULL for all. */
struct catalog *catalog__new(struct ring_copy *copy, const struct site_table *const *modules,
			     size_t module_cnt, size_t thread_cnt,
			     const struct catalog_choice *choice);
/* NULL is fine. */
void catalog__free(struct catalog *catalog);

/* The site that records of that module mean by that index; NULL where there is none. */
const struct catalog_site *catalog__find(const struct catalog *catalog, uint32_t module,
					 uint32_t index);
/* Whether these are its fields. */
bool catalog_site__fits(const struct catalog_site *site, const unsigned char *fields, size_t len);

/* Events of which the batch said that it had them, and that can't be read: they are lost. */
uint64_t catalog__corrupt_cnt(const struct catalog *catalog);

/* Entries in the copy, and the largest record that counts. */
size_t catalog__entry_cnt(const struct catalog *catalog);
size_t catalog__record_max_bytes(const struct catalog *catalog);
/* All that count, together. */
uint64_t catalog__record_bytes(const struct catalog *catalog);

/* Sites that occur, by number: by module, then by index. */
size_t catalog__site_cnt(const struct catalog *catalog);
const struct catalog_site *catalog__site(const struct catalog *catalog, uint32_t number);

/* No more sites than that: records of the others count as corrupt from now on. Returns how many there
 * are of those. Before anything is asked for by number. */
uint64_t catalog__keep_sites(struct catalog *catalog, size_t max_cnt);

/* Threads that occur, by number: as in the table of all threads. */
size_t catalog__thread_cnt(const struct catalog *catalog);
/* No more than that, one at least: those that were heard of last, and one number for all others,
 * which is no thread's. Returns how many others there are. As catalog__keep_sites(). */
size_t catalog__keep_threads(struct catalog *catalog, size_t max_cnt);
/* CATALOG_NO_NUMBER where it stands for several. */
uint32_t catalog__thread(const struct catalog *catalog, uint32_t number);
/* CATALOG_NO_NUMBER where it does not occur, or is none. */
uint32_t catalog__thread_number(const struct catalog *catalog, uint32_t thread);

#endif /* TTLOG_CATALOG_H */
