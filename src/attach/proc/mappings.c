/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "maps.h"
#include "mappings.h"

static int copy_mapping(const struct mapping *mapping, struct mapping *ret)
{
	*ret = *mapping;
	ret->path = mapping->path ? strdup(mapping->path) : NULL;
	return mapping->path && !ret->path ? -ENOMEM : 0;
}

int mappings__take(struct mappings *mappings, const struct maps *maps)
{
	struct mappings taken = { .items = calloc(maps->cnt + 1, sizeof(*taken.items)) };

	if (!taken.items)
		return -ENOMEM;
	for (size_t i = 0; i < maps->cnt; i++) {
		const struct maps_entry *entry = &maps->entries[i];

		if (!entry->executable || !entry->path[0])
			continue;
		taken.items[taken.cnt] = (struct mapping){
			.start = entry->start,
			.end = entry->end,
			.offset = entry->offset,
			.dev = entry->dev,
			.inode = entry->inode,
			.path = strdup(entry->path),
		};
		if (!taken.items[taken.cnt].path) {
			mappings__fini(&taken);
			return -ENOMEM;
		}
		taken.cnt++;
	}
	mappings__fini(mappings);
	*mappings = taken;
	return 0;
}

int mappings__copy(const struct mappings *mappings, struct mappings *ret)
{
	int err = 0;

	*ret = (struct mappings){ 0 };
	if (!mappings->cnt)
		return 0;
	ret->items = calloc(mappings->cnt, sizeof(*ret->items));
	if (!ret->items)
		return -ENOMEM;
	for (; !err && ret->cnt < mappings->cnt; ret->cnt++)
		err = copy_mapping(&mappings->items[ret->cnt], &ret->items[ret->cnt]);
	if (err)
		mappings__fini(ret);
	return err;
}

void mappings__fini(struct mappings *mappings)
{
	for (size_t i = 0; i < mappings->cnt; i++)
		free(mappings->items[i].path);
	free(mappings->items);
	*mappings = (struct mappings){ 0 };
}

struct mapping *mappings__find(const struct mappings *mappings, uint64_t address)
{
	for (size_t i = 0; i < mappings->cnt; i++) {
		struct mapping *mapping = &mappings->items[i];

		if (address >= mapping->start && address < mapping->end)
			return mapping;
	}
	return NULL;
}
