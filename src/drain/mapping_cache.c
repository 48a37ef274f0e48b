/* SPDX-License-Identifier: MIT */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "crash.h"
#include "mapping_cache.h"
#include "process.h"

struct mapping_cache_entry {
	struct mappings mappings;
	char *exe;
	char build_id[41];
};

static void entry__free(struct mapping_cache_entry *entry)
{
	if (!entry)
		return;
	mappings__fini(&entry->mappings);
	free(entry->exe);
	free(entry);
}

static struct mapping_cache_entry *entry__new(const struct process *process)
{
	struct mapping_cache_entry *entry = calloc(1, sizeof(*entry));

	if (!entry)
		return NULL;
	memcpy(entry->build_id, process->id.build_id, sizeof(entry->build_id));
	entry->exe = strdup(process->id.exe);
	if (!entry->exe || mappings__copy(&process->crash.mappings, &entry->mappings)) {
		entry__free(entry);
		return NULL;
	}
	return entry;
}

void mapping_cache__fini(struct mapping_cache *cache)
{
	for (size_t i = 0; i < MAPPING_CACHE_CNT; i++)
		entry__free(cache->entries[i]);
	*cache = (struct mapping_cache){ 0 };
}

/* A relative has the same mappings, except for libraries loaded later. */
static bool is_known(const struct mapping_cache_entry *entry, const struct process *process)
{
	return entry->mappings.cnt == process->crash.mappings.cnt &&
	       entry->mappings.items[0].start == process->crash.mappings.items[0].start &&
	       strcmp(entry->exe, process->id.exe) == 0 &&
	       strcmp(entry->build_id, process->id.build_id) == 0;
}

void mapping_cache__add(struct mapping_cache *cache, const struct process *process)
{
	struct mapping_cache_entry *entry;

	if (!process->crash.mappings.cnt || !process->id.exe || !process->id.build_id[0])
		return;
	for (size_t i = 0; i < MAPPING_CACHE_CNT && cache->entries[i]; i++) {
		if (is_known(cache->entries[i], process))
			return;
	}
	entry = entry__new(process);
	if (!entry)
		return;
	entry__free(cache->entries[MAPPING_CACHE_CNT - 1]);
	memmove(cache->entries + 1, cache->entries,
		(MAPPING_CACHE_CNT - 1) * sizeof(*cache->entries));
	cache->entries[0] = entry;
}

static bool has_mapped(const struct mapping_cache_entry *entry, const struct crash_frame *frame)
{
	const struct mapping *mapping = mappings__find(&entry->mappings, frame->ip);

	return mapping && frame->ip - mapping->start + mapping->offset == frame->offset;
}

/* At least one frame that the kernel knows is where the entry has it, and none elsewhere. */
static bool is_match(const struct mapping_cache_entry *entry, const struct crash *crash)
{
	size_t cnt = 0;

	for (size_t i = 0; i < crash->frame_cnt; i++) {
		if (!crash->frames[i].build_id[0])
			continue;
		if (!has_mapped(entry, &crash->frames[i]))
			return false;
		cnt++;
	}
	return cnt > 0;
}

void mapping_cache__fill(const struct mapping_cache *cache, struct process *process)
{
	struct mappings copy;

	if (process->crash.mappings.cnt)
		return;
	for (size_t i = 0; i < MAPPING_CACHE_CNT && cache->entries[i]; i++) {
		const struct mapping_cache_entry *entry = cache->entries[i];

		if (!is_match(entry, &process->crash) || mappings__copy(&entry->mappings, &copy))
			continue;
		mappings__fini(&process->crash.mappings);
		process->crash.mappings = copy;
		if (!process->id.exe)
			process->id.exe = strdup(entry->exe);
		if (!process->id.build_id[0])
			memcpy(process->id.build_id, entry->build_id, sizeof(process->id.build_id));
		return;
	}
}
