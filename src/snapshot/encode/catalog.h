/* SPDX-License-Identifier: MIT */
/*
 * Which sites and threads occur in a copy of a ring, and their numbers in the snapshot.
 *
 * The header of a snapshot lists them and is written before the events, so the copy is walked
 * twice: here to see what there is, in merge.c in the order of time. Both take the same records:
 * those for which catalog__find() and catalog_site__fits() say yes.
 */
#ifndef TTLOG_CATALOG_H
#define TTLOG_CATALOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ttlog/abi.h"

struct redact;
struct ring_copy;
struct site;
struct site_table;

#define CATALOG_NO_NUMBER UINT32_MAX
#define CATALOG_OCCURS    (UINT32_MAX - 1) /* it gets a number when all that occur are known */

struct catalog_module;

struct catalog_site {
	const struct site *site;
	bool is_span_end; /* else it is an event, or a span's start */
	uint8_t nfields;  /* as recorded; a span's end: the ticks of its start, and maybe `ret` */
	const uint8_t *types;
	uint32_t
		redacted; /* a bit for each field whose value is hidden: it is REDACT_REPLACEMENT */
	uint32_t names;   /* a bit for each text that is a mangled name: see name_fields.h */
	uint32_t nullable;    /* a bit for each field before which a byte says if it is null */
	uint32_t fixed_bytes; /* of all fields; not if is_variable */
	bool is_variable;
	bool has_nulls;  /* as catalog_site__has_nulls() of any field, or it has `ret` */
	uint32_t number; /* in the file; CATALOG_NO_NUMBER: it does not occur */
	uint64_t record_cnt;
	/* if it occurs: its module's number in the file, and build id, "" for none */
	uint32_t module;
	const char *build_id;
};

/* Of a site's events and starts of spans, or of the ends of its spans. False: it has no such
 * records. */
bool catalog_site__init(struct catalog_site *ret, const struct site *site, bool is_span_end);

/* Which sites count. Records of others are ignored as those of unknown sites are. */
struct catalog_choice {
	bool (*wants)(const void *ctx, const struct catalog_site *site);
	const void *ctx;
};

/* Others only read it. */
struct catalog {
	const struct site_table *const *tables;
	size_t module_cnt;
	struct catalog_module *modules;
	size_t table_thread_cnt;  /* all that there are */
	uint32_t *thread_numbers; /* by thread */
	uint32_t *threads;        /* by number; CATALOG_NO_NUMBER: it stands for several threads */
	uint32_t *last_entries;   /* by thread: which of the copy's entries is its last, from 1 */
	uint32_t thread_cnt;      /* that occur; numbers are in the order of the table of all */
	const struct catalog_site **sites; /* by number */
	uint32_t site_cnt;                 /* that occur; numbers are by module, then by index */
	uint64_t corrupt_cnt;    /* events that a batch should have, but that can't be read: lost */
	size_t entry_cnt;        /* in the copy */
	size_t fields_max_bytes; /* of a record that counts */
	uint64_t record_bytes;   /* of all that count */
	bool has_nulls;          /* a site that occurs has */
	const struct catalog_choice *choice;     /* only while it is made */
	const struct redact *redact;             /* the same; NULL: nothing is hidden */
	size_t site_cap, thread_cap, module_cap; /* of one that grows */
	uint32_t file_module_cnt;                /* of one that grows: entries of modules */
};

/* NULL with errno. The tables must stay as long as the catalog. choice: NULL for all.
 * redact: NULL hides nothing. */
struct catalog *catalog__new(struct ring_copy *copy, const struct site_table *const *modules,
			     size_t module_cnt, size_t thread_cnt,
			     const struct catalog_choice *choice, const struct redact *redact);
/* NULL is fine. */
void catalog__free(struct catalog *catalog);

/*
 * A catalog that grows, for a stream: numbers stay from one copy to the next, and what is new gets
 * the next ones. The site tables and `redact` must stay as long as the catalog. NULL with errno.
 */
struct catalog *catalog__new_growing(const struct redact *redact);
/* Takes the tables of the process as they are now: those that it had stay the same. 0 or -ENOMEM. */
int catalog__extend(struct catalog *catalog, const struct site_table *const *modules,
		    size_t module_cnt, size_t thread_cnt);
/* Walks a copy; corrupt_cnt is that of this copy. 0 or -ENOMEM. */
int catalog__walk(struct catalog *catalog, struct ring_copy *copy);
/* A record from an earlier copy occurs, too. */
void catalog__note(struct catalog *catalog, const struct catalog_site *site, uint32_t thread);
/* Numbers what is new, modules as well (catalog_site.module: the module's first entry in the file).
 * 0 or -ENOMEM. */
int catalog__number_new(struct catalog *catalog);
/* For the next file: only what occurred since the last walk began is new again; the rest has no
 * number. */
void catalog__renumber(struct catalog *catalog);

/* The site that has that index in records of that module; NULL: there is none. */
const struct catalog_site *catalog__find(const struct catalog *catalog, uint32_t module,
					 uint32_t index);
static inline bool catalog_site__hides(const struct catalog_site *site, size_t field)
{
	return site->redacted >> field & 1;
}

/* Whether its column may have nulls though its type has none. */
static inline bool catalog_site__has_nulls(const struct catalog_site *site, size_t field)
{
	return site->nullable >> field & 1 && !catalog_site__hides(site, field) &&
	       site->types[field] != TTLOG_TYPE_STR && site->types[field] != TTLOG_TYPE_BYTES;
}

const char *catalog_site__key(const struct catalog_site *site, size_t field);

/* In the file. */
static inline uint8_t catalog_site__type(const struct catalog_site *site, size_t field)
{
	return catalog_site__hides(site, field) ? TTLOG_TYPE_STR : site->types[field];
}

/* Whether these can be its fields. */
bool catalog_site__fits(const struct catalog_site *site, const unsigned char *fields, size_t len);

/* Keeps no more sites than that: records of the others count as corrupt. Returns how many such
 * records there are. To be called before any number is used. */
uint64_t catalog__keep_sites(struct catalog *catalog, size_t max_cnt);

/* Keeps no more threads than that, one at least: those with the newest entries, and one number for
 * all others. Returns how many others there are. To be called as catalog__keep_sites(). */
size_t catalog__keep_threads(struct catalog *catalog, size_t max_cnt);
/* CATALOG_NO_NUMBER if it does not occur, or there is no such thread. */
uint32_t catalog__thread_number(const struct catalog *catalog, uint32_t thread);

#endif /* TTLOG_CATALOG_H */
