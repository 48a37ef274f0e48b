/* SPDX-License-Identifier: MIT */
/*
 * The executable mappings of a process, by name: which file is at which address.
 */
#ifndef TTLOG_MAPPINGS_H
#define TTLOG_MAPPINGS_H

#include <stddef.h>
#include <stdint.h>

struct maps;

struct mapping {
	uint64_t start, end, offset;
	uint64_t dev, inode; /* as in maps(5); 0: no file */
	char build_id[41];
	char *path;
};

struct mappings {
	struct mapping *items;
	size_t cnt;
};

/* Replaces `mappings` by the executable entries of maps. 0, or -ENOMEM: nothing changes. */
int mappings__take(struct mappings *mappings, const struct maps *maps);
/* A deep copy. 0, or -ENOMEM: ret is empty. */
int mappings__copy(const struct mappings *mappings, struct mappings *ret);
/* Frees all, and empties it. */
void mappings__fini(struct mappings *mappings);

/* The mapping that contains the address; NULL: none. */
struct mapping *mappings__find(const struct mappings *mappings, uint64_t address);

#endif /* TTLOG_MAPPINGS_H */
