/* SPDX-License-Identifier: MIT */
/*
 * Mappings of recent processes, for a crashed process that was gone before its own were read. A
 * forked child has the mappings of its parent, and when hundreds of them crash at once some end
 * before the drain thread gets to them.
 *
 * An entry fits if it agrees with the build ids and offsets that the kernel gives for the frames of
 * the crash: only relatives share addresses (ASLR). Belongs to the drain thread.
 */
#ifndef TTLOG_MAPPING_CACHE_H
#define TTLOG_MAPPING_CACHE_H

struct process;

#define MAPPING_CACHE_CNT 8

struct mapping_cache {
	struct mapping_cache_entry *entries[MAPPING_CACHE_CNT]; /* the latest first; NULL: none */
};

void mapping_cache__fini(struct mapping_cache *cache);
/* A process whose mappings were just read. Cheap if a relative is in the cache. */
void mapping_cache__add(struct mapping_cache *cache, const struct process *process);
/* Sets mappings, path and build id of a crashed process that has none, from an entry that fits. */
void mapping_cache__fill(const struct mapping_cache *cache, struct process *process);

#endif /* TTLOG_MAPPING_CACHE_H */
