/* SPDX-License-Identifier: MIT */
/*
 * What a process has mapped to run code from, by name: which file is at which address.
 */
#ifndef TTLOG_MAPPINGS_H
#define TTLOG_MAPPINGS_H

#include <stddef.h>
#include <stdint.h>

struct maps;

struct mapping {
	uint64_t start, end, offset;
	uint64_t dev, inode; /* as maps shows them, 0 for no file */
	char build_id[41];
	char *path;
};

struct mappings {
	struct mapping *items;
	size_t cnt;
};

/* The executable ones of maps, in the place of what was there. 0 or -ENOMEM: that stays. */
int mappings__take(struct mappings *mappings, const struct maps *maps);
/* A copy that hangs on nothing of the original. 0 or -ENOMEM, then ret is empty. */
int mappings__copy(const struct mappings *mappings, struct mappings *ret);
/* Frees all, and empties it. */
void mappings__fini(struct mappings *mappings);

/* The one that has the address; NULL for none. */
struct mapping *mappings__find(const struct mappings *mappings, uint64_t address);

#endif /* TTLOG_MAPPINGS_H */
