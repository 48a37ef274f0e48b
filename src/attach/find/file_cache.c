/* SPDX-License-Identifier: MIT */
/*
 * Two generations: when the young one is full, it becomes the old one, and what was the old one is
 * dropped. What is found in the old one moves to the young one.
 */
#include "file_cache.h"

#include <stdlib.h>
#include <string.h>

#include "array.h"

static void drop(struct file_generation *generation)
{
	hash_table__fini(&generation->table);
	free(generation->items);
	*generation = (struct file_generation){ 0 };
}

void file_cache__fini(struct file_cache *cache)
{
	drop(&cache->young);
	drop(&cache->old);
}

static uint64_t hash(const struct find_file *file)
{
	uint64_t hash = file->inode * 0x9e3779b97f4a7c15ull;

	hash = (hash ^ hash >> 29 ^ file->ctime_ns) * 0xbf58476d1ce4e5b9ull;
	hash = (hash ^ hash >> 32 ^ file->dev ^ (uint64_t)file->generation << 32) *
	       0x94d049bb133111ebull;
	return hash ^ hash >> 31;
}

struct wanted {
	const struct file_generation *generation;
	const struct find_file *file;
};

static bool is_wanted(const void *ctx, uint32_t number)
{
	const struct wanted *wanted = ctx;

	return !memcmp(&wanted->generation->items[number].file, wanted->file,
		       sizeof(*wanted->file));
}

static struct file_known *find_in(const struct file_generation *generation,
				  const struct find_file *file)
{
	const struct wanted wanted = { generation, file };
	uint32_t number = hash_table__find(&generation->table, hash(file), is_wanted, &wanted);

	return number == HASH_TABLE_NONE ? NULL : &generation->items[number];
}

/* NULL: no memory. */
static struct file_known *add(struct file_cache *cache, const struct file_known *known)
{
	struct file_generation *young = &cache->young;

	if (young->cnt == FILE_CACHE_GENERATION) {
		drop(&cache->old);
		cache->old = cache->young;
		*young = (struct file_generation){ 0 };
	}
	if (array__reserve(young->items, young->cnt + 1, &young->cap) ||
	    hash_table__add(&young->table, hash(&known->file), (uint32_t)young->cnt))
		return NULL;
	young->items[young->cnt] = *known;
	return &young->items[young->cnt++];
}

struct file_known *file_cache__find(struct file_cache *cache, const struct find_file *file)
{
	struct file_known *found = find_in(&cache->young, file), known;

	if (found)
		return found;
	found = find_in(&cache->old, file);
	if (!found)
		return NULL;
	/* a copy: adding may drop the old generation */
	known = *found;
	return add(cache, &known);
}

struct file_known *file_cache__get(struct file_cache *cache, const struct find_file *file)
{
	const struct file_known new = { .file = *file, .state = FIND_NEW };
	struct file_known *found = file_cache__find(cache, file);

	return found ? found : add(cache, &new);
}
