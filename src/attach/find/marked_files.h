/* SPDX-License-Identifier: MIT */
/*
 * The files with sites that are attached to for all processes. Each is held (attach.h), also while
 * no process has it: so the next process records from its first instruction on.
 *
 * No locks: the owner has them.
 */
#ifndef TTLOG_MARKED_FILES_H
#define TTLOG_MARKED_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "find_wire.h"

struct attach;

/* Each takes a few descriptors, and the memory of its sites. */
#define MARKED_FILES_MAX 4096u

struct marked_file {
	struct find_file file;
	struct timespec written; /* st_mtim */
	uint32_t module;
};

/* Starts with zeroes. */
struct marked_files {
	struct marked_file *items; /* the oldest first */
	size_t cnt, cap;
};

void marked_files__fini(struct marked_files *files);
/* Whether the same contents are there: the change time may differ, by a link or chmod(2). */
bool marked_files__has(const struct marked_files *files, const struct find_file *file,
		       struct timespec written);
/*
 * Takes over the hold of the module, and lets go what the inode had before it was written over. If
 * there are too many, the oldest file that no process has is let go. -ENOSPC: processes have all of
 * them; -ENOMEM; then this one is released.
 */
int marked_files__add(struct marked_files *files, struct attach *attach,
		      const struct marked_file *file);
/* Lets files go that have no name any more. Calls gone() for each. */
void marked_files__sweep(struct marked_files *files, struct attach *attach,
			 void (*gone)(void *ctx, const struct find_file *file), void *ctx);

#endif /* TTLOG_MARKED_FILES_H */
