/* SPDX-License-Identifier: MIT */
/*
 * The files that programs run: each with its sites, parsed once, and with a descriptor for its
 * symbols.
 *
 * Files are known by device, inode, size and change time: a path may mean another file tomorrow,
 * and a process may run one that has no path any more. No locks: who has the table has them.
 */
#ifndef TTLOG_MODULE_H
#define TTLOG_MODULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <time.h>

#include "maps.h"

struct journal;
struct links;
struct site_filter;
struct site_table;

/* Whether it traces its own threads at its end. */
enum module_leaks {
	MODULE_UNASKED,
	MODULE_NO_LEAKS,
	MODULE_LEAKS,
};

struct module {
	dev_t map_dev; /* as maps shows them, which may differ from stat(2); inode 0: not mapped yet */
	uint64_t map_inode;
	dev_t dev;
	ino_t inode;
	off_t size; /* what is written in steps may change twice in one tick of the clock */
	struct timespec changed;
	char *path;
	int fd;                   /* for its symbols, whatever becomes of the path; -1: not kept */
	struct site_table *table; /* NULL: no ELF file */
	size_t enabled_cnt;
	enum module_leaks leaks;
	struct links *links;   /* attach's */
	uint32_t refs;         /* processes that have it mapped, or had while they were recorded */
	uint32_t holds;        /* refs ever taken */
	uint32_t unused_holds; /* holds when nobody was found to have it */
	bool is_pinned;        /* recorded wherever it is mapped */
	bool is_unused;        /* nobody was found to have it */
	int64_t journal_place; /* -1: it is not there */
	struct module *next_unused; /* out of the table, on its way to be freed */
};

/* Starts with zeroes. */
struct modules {
	struct module **by_number; /* 0 stays empty, and so do those that are free */
	uint32_t end, cap;         /* numbers in use are below `end`, once there is one */
	uint32_t kept_cnt;         /* without sites, that have a descriptor */
	/* numbers that are free, the oldest first: what is on its way may have one that was just
	 * freed */
	uint32_t *free_numbers;
	uint32_t free_cnt, free_cap;
};

/* One file as a process maps it. */
struct mapped_file {
	int fd;
	char kernel_path[MAPS_PATH_BYTES];
	const char *path;
	const struct maps_entry *entry; /* NULL: not by a process's mapping */
};

void modules__fini(struct modules *modules);

/* These wait for the file, and need no table: */

/* Not in a table yet; counts the sites that match the filter. NULL with errno. */
struct module *module__read(const struct mapped_file *file, const struct stat *status,
			    const struct site_filter *filter);
void module__free(struct module *module);
/* Whether it is kept open, so that its inode is no other file's, and the file was not written over. */
bool module__is_unchanged(const struct module *module);
/* fd: its file; -1: as it is kept. */
enum module_leaks module__look_for_leaks(const struct module *module, int fd);

/* The rest waits for nothing. */

/* The number of the module that the file with that status is, 1 and up; 0 where it is not known.
 * entry: it is mapped so; NULL: it is not. */
uint32_t modules__find(struct modules *modules, const struct stat *status,
		       const struct maps_entry *entry);
/*
 * Takes ownership, and puts it into the journal (NULL: none). Its number; where the same file is
 * known by now, that one's. -ENOMEM: it is gone.
 */
int64_t modules__add(struct modules *modules, struct module *module, struct journal *journal);
/* The number of the one that a process maps by these numbers of maps(5); 0 for none. */
uint32_t modules__find_mapped(const struct modules *modules, dev_t dev, uint64_t inode);
/* Out of the table, its number free after all that were freed before, and out of the journal. It is
 * the caller's now. */
struct module *modules__remove(struct modules *modules, uint32_t number, struct journal *journal);
/* The one with that build id that has a descriptor; NULL for none. */
const struct module *modules__find_kept(const struct modules *modules, const char *build_id);
/* A new descriptor of the file with that build id, or -errno: -ENOENT where none is kept. */
int modules__open(const struct modules *modules, const char *build_id);
/* What the program with that build id calls itself, else one of the others; NULL for none. */
const char *modules__service(const struct modules *modules, const char *build_id);

#endif /* TTLOG_MODULE_H */
