/* SPDX-License-Identifier: MIT */
/*
 * The sites of one executable or library: the static part of its events, read from its notes.
 *
 * A table is made once per file (elf.c reads the notes), never changes afterwards, and any thread
 * may read it. It is freed with its last reference.
 */
#ifndef TTLOG_SITE_H
#define TTLOG_SITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ttlog/abi.h"

#include "foreign_wire.h"

struct site {
	uint32_t index; /* as in records: offset in ttlog_sites / 2 */
	uint32_t line;
	uint8_t level; /* enum ttlog_level */
	uint8_t kind;  /* enum ttlog_site_kind */
	uint8_t nfields;
	uint8_t batch_flag; /* TTLOG_BATCH_LEVEL that its records leave in a batch; 0: none */
	uint8_t types[TTLOG_MAX_FIELDS]; /* enum ttlog_type */
	/* never NULL; target has its default; all text is valid until the table is freed */
	const char *service; /* "": the program defines none */
	const char *target;
	const char *name;
	const char *message;
	const char *file;
	const char *function;
	const char *keys[TTLOG_MAX_FIELDS];
	uint64_t semaphore_offset; /* in the file, for ref_ctr_offset; 0: a foreign site */
	uint64_t gate_offset;      /* in the file, for the uprobe; 0: a foreign site */
	/* a bit for each field that may be null, though its type has no null of its own */
	uint32_t nullable;
	/* a bit for each STR that is a mangled name of C++; files have it readable (name_fields.h) */
	uint32_t names;
	uint8_t ret_type; /* of a span's end: enum ttlog_type; TTLOG_TYPE_NONE: it has no `ret` */
	const char *ret_key; /* NULL: it has no `ret` */
};

/* Where a uprobe has to be for a foreign site: one that ttlog's macros did not make. A site may have
 * many. */
struct foreign_place {
	uint64_t offset;           /* in the file */
	uint64_t semaphore_offset; /* in the file; 0: none */
	struct wire_place plan;
};

/* In the journal, `names` stands above `ret_type`. */
#define SITE_NAMES_SHIFT 16u

struct text_pool;

struct site_table {
	uint32_t more_refs;     /* references after the first one; atomic */
	struct text_pool *pool; /* owns every text of the sites; freed with the table */
	struct site *sites;     /* ascending by index; from malloc, freed with the table */
	size_t cnt;
	struct foreign_place
		*places; /* likewise; of foreign sites, whose indexes are the highest */
	size_t place_cnt;
	char build_id[41];         /* hex; "": the file has none */
	size_t malformed_cnt;      /* notes that were skipped */
	int has_module;            /* whether the fields below are set: the file has ttlog */
	uint64_t control_offset;   /* in the file: the control probe's nop */
	uint64_t listening_offset; /* in the file: its semaphore */
	uint64_t immediate_gate_offset;
	uint64_t immediate_offset;
	uint64_t start_offset; /* in the file: what runs first, once per process; 0: unknown */
	uint64_t module_vaddr; /* link-time address of struct ttlog_module */
	uint64_t load_vaddr;   /* link-time address of file offset 0's mapping, for the load bias */
};

/* Whether ttlog's macros did not make it. */
static inline bool site__is_foreign(const struct site *site)
{
	return !site->gate_offset;
}

/* Whether there is something to switch on. */
static inline bool site_table__has_sites(const struct site_table *table)
{
	return table->has_module || table->place_cnt;
}

/* The type of field i as a user has it: "str", "cxx"; "?": it is unknown. */
const char *site__type_word(const struct site *site, size_t i);

/* Adds a reference. Any thread that has one. */
struct site_table *site_table__ref(struct site_table *table);
/* Drops a reference; the last one frees the table. NULL is fine. */
void site_table__free(struct site_table *table);

/* The site with that index; NULL: none. */
const struct site *site_table__find(const struct site_table *table, uint32_t index);

/* Writes it into a journal's file of modules, under that number (JOURNAL_MODULE). Returns its place
 * there; -1: then no event of these sites can be recovered. */
int64_t site_table__store(const struct site_table *table, uint32_t number, int fd);

#endif /* TTLOG_SITE_H */
