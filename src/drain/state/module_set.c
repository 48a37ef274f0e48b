/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>

#include "array.h"
#include "facts.h"
#include "module_set.h"
#include "source.h"

void module_set__fini(struct module_set *set)
{
	free(set->items);
	free(set->anchors);
}

bool module_set__has(struct module_set *set, uint32_t module)
{
	if (module == set->last)
		return true;
	for (size_t i = 0; i < set->cnt; i++) {
		if (set->items[i] != module)
			continue;
		set->last = module;
		return true;
	}
	return false;
}

int module_set__add(struct module_set *set, uint32_t module)
{
	if (array__reserve(set->items, set->cnt + 1, &set->cap))
		return -ENOMEM;
	set->items[set->cnt++] = module;
	return 0;
}

int module_set__add_anchor(struct module_set *set, const struct anchor *anchor)
{
	for (size_t i = 0; i < set->anchor_cnt; i++) {
		if (set->anchors[i].address == anchor->address)
			return 0;
	}
	if (array__reserve(set->anchors, set->anchor_cnt + 1, &set->anchor_cap))
		return -ENOMEM;
	set->anchors[set->anchor_cnt++] = *anchor;
	facts__add_anchor(set->facts, anchor);
	return 0;
}

void module_set__add_facts(const struct module_set *set)
{
	for (size_t i = 0; i < set->anchor_cnt; i++)
		facts__add_anchor(set->facts, &set->anchors[i]);
}
