/* SPDX-License-Identifier: MIT */
/*
 * The files that programs run. Each has its sites, parsed once, and a descriptor for its symbols.
 *
 * Files are known by device, inode, size and change time: a path may mean another file later, and a
 * process may run a file that has no path any more. There are no locks here: the table's owner has
 * them.
 */
#ifndef TTLOG_MODULE_H
#define TTLOG_MODULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "maps.h"

struct foreign_probes;
struct journal;
struct links;
struct site_choice;
struct site_table;

/* Whether a program traces its own threads at its end (LeakSanitizer). */
enum module_leaks {
	MODULE_UNASKED,
	MODULE_NO_LEAKS,
	MODULE_LEAKS,
};

struct module {
	dev_t map_dev; /* in maps(5), which may differ from stat(2); inode 0: not mapped yet */
	uint64_t map_inode;
	struct stat status; /* when it was read */
	char *path;
	int fd;                   /* for its symbols, even if the path changes; -1: not kept */
	struct site_table *table; /* NULL: not an ELF file */
	size_t enabled_cnt;
	enum module_leaks leaks;
	bool has_places;     /* the kernel knows how the values of its foreign sites are read */
	uint32_t generation; /* 0 or 1: of the links to them, see attach_foreign.c */
	struct links *links; /* of attach */
	struct links *extra; /* likewise: more sites of single processes */
	/* processes that have it mapped, or had while they were recorded; one more if it is recorded
	 * in all processes */
	uint32_t refs;
	bool was_held;              /* ever */
	bool is_unused;             /* no process was found to have it, and it was not held since */
	int64_t journal_place;      /* place in the journal; -1: none */
	struct module *next_unused; /* out of the table, to be freed */
	uint32_t number;            /* then: the one that it had */
};

/* Starts with zeroes. */
struct modules {
	struct module **by_number; /* NULL for 0 and for free numbers */
	uint32_t end;              /* numbers in use are 1 to end - 1 */
	size_t cap;
	uint32_t kept_cnt; /* modules without sites that have a descriptor */
	/* free numbers, the oldest first: messages on their way may have one that was just freed */
	uint32_t *free_numbers;
	size_t free_cnt, free_cap;
};

/* One file as a process maps it. */
struct mapped_file {
	int fd;
	const char *path;
	const struct maps_entry *entry; /* NULL: not from a mapping of a process */
};

void modules__fini(struct modules *modules);

/* These functions wait for the file, and need no table: */

/* Makes a module that is in no table yet; counts the sites that are chosen. foreign: NULL: none.
 * stack_from: as in attach_options. NULL with errno. */
struct module *module__read(const struct mapped_file *file, const struct stat *status,
			    const struct site_choice *choice, const struct foreign_probes *foreign,
			    uint8_t stack_from);
void module__free(struct module *module);
/* Whether both are of one file, not written over in between. */
bool module__is_same_file(const struct stat *a, const struct stat *b);
/* Whether it is kept open, so that no other file has its inode, and was not written over. */
bool module__is_unchanged(const struct module *module);
/* fd: its file; -1: use the descriptor that is kept. */
enum module_leaks module__look_for_leaks(const struct module *module, int fd);

/* All other functions never wait. */

/* The number of the module with that file status, 1 and up; 0: it is not known. entry: a mapping of
 * it, or NULL. */
uint32_t modules__find(struct modules *modules, const struct stat *status,
		       const struct maps_entry *entry);
/*
 * Takes ownership, and puts it into the journal (may be NULL). Returns its number; if the same file
 * is known by now, the number of that one. -ENOMEM: it was freed.
 */
int64_t modules__add(struct modules *modules, struct module *module, struct journal *journal);
/* The number of the module with these numbers in maps(5); 0: none. */
uint32_t modules__find_mapped(const struct modules *modules, dev_t dev, uint64_t inode);
/* Takes a module out of the table and the journal. Its number is reused after all that were freed
 * before. The caller owns the module now. */
struct module *modules__remove(struct modules *modules, uint32_t number, struct journal *journal);
/* The module with that build id and a descriptor; NULL: none. */
const struct module *modules__find_kept(const struct modules *modules, const char *build_id);
/* A new descriptor of the file with that build id, or -errno; -ENOENT: none is kept. */
int modules__open(const struct modules *modules, const char *build_id);

/* Counts the sites of a module with sites that are on in all processes. */
size_t module__count_enabled(const struct module *module, const struct site_choice *choice);

#endif /* TTLOG_MODULE_H */
