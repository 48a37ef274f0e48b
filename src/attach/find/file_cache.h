/* SPDX-License-Identifier: MIT */
/*
 * What is known of files: whether they have sites. Bounded: files that were not asked for in a long
 * time are forgotten, and will be looked at again.
 *
 * No locks: the owner has them.
 */
#ifndef TTLOG_FILE_CACHE_H
#define TTLOG_FILE_CACHE_H

#include <stdint.h>

#include "hash_table.h"
#include "find_wire.h"

#define FILE_CACHE_GENERATION 8192u

struct file_known {
	struct find_file file;
	enum find_state state;
	uint32_t look_cnt;
	uint64_t again_ns; /* not to be looked at again before */
};

/* What was found or added lately. */
struct file_generation {
	struct hash_table table;
	struct file_known *items;
	size_t cnt, cap;
};

/* Starts with zeroes. Holds at most two generations. */
struct file_cache {
	struct file_generation young, old;
};

void file_cache__fini(struct file_cache *cache);
/* Valid until the next call; NULL: it is not known. */
struct file_known *file_cache__find(struct file_cache *cache, const struct find_file *file);
/* The same, but adds it as FIND_NEW. NULL: no memory. */
struct file_known *file_cache__get(struct file_cache *cache, const struct find_file *file);

#endif /* TTLOG_FILE_CACHE_H */
