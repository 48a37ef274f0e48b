/* SPDX-License-Identifier: MIT */
/*
 * The table that tells which unit has an address (.debug_aranges) is not used: clang writes none,
 * and units themselves say it, too.
 */
#include <dwarf.h>
#include <errno.h>
#include <stdlib.h>

#include "array.h"
#include "dwarf_index.h"

/* Namespaces in namespaces. */
#define MAX_DEPTH   16
/* Of one file; Chromium has some 10 million functions. */
#define MAX_ENTRIES (64u << 20)
#define MAX_RANGES  (4u << 20)

/* ---- units ---- */

static int add_range(struct dwarf_index *index, Dwarf_Addr start, Dwarf_Addr end)
{
	if (start >= end)
		return 0;
	if (index->range_cnt == MAX_RANGES)
		return -E2BIG;
	if (array__reserve(index->ranges, index->range_cnt + 1, &index->range_cap))
		return -ENOMEM;
	index->ranges[index->range_cnt++] = (struct dwarf_unit_range){
		.start = start,
		.end = end,
		.unit = (uint32_t)index->unit_cnt,
	};
	return 0;
}

static int add_unit(struct dwarf_index *index, Dwarf_Die *die)
{
	Dwarf_Addr start, end, base;
	ptrdiff_t at = 0;
	int err = 0;

	while (!err && (at = dwarf_ranges(die, at, &base, &start, &end)) > 0)
		err = add_range(index, start, end);
	if (err)
		return err;
	if (array__reserve(index->units, index->unit_cnt + 1, &index->unit_cap))
		return -ENOMEM;
	index->units[index->unit_cnt++] = (struct dwarf_unit){ .die = dwarf_dieoffset(die) };
	return 0;
}

static int compare(const void *a, const void *b)
{
	const struct dwarf_unit_range *x = a, *y = b;

	return (x->start > y->start) - (x->start < y->start);
}

int dwarf_index__init(struct dwarf_index *index, Dwarf *dwarf)
{
	Dwarf_CU *cu = NULL;
	uint8_t kind;
	Dwarf_Die die;
	int err = 0;

	*index = (struct dwarf_index){ .dwarf = dwarf, .budget = MAX_ENTRIES };
	while (!err && !dwarf_get_units(dwarf, cu, &cu, NULL, &kind, &die, NULL)) {
		if (kind == DW_UT_compile || kind == DW_UT_skeleton)
			err = add_unit(index, &die);
	}
	if (index->range_cnt)
		qsort(index->ranges, index->range_cnt, sizeof(*index->ranges), compare);
	return err;
}

void dwarf_index__fini(struct dwarf_index *index)
{
	hash_table__fini(&index->by_start);
	free(index->places);
	free(index->ranges);
	free(index->units);
}

/* NULL: none. */
static struct dwarf_unit *find_unit(struct dwarf_index *index, Dwarf_Addr address)
{
	size_t low = 0, high = index->range_cnt;

	while (low < high) {
		const size_t middle = low + (high - low) / 2;

		if (index->ranges[middle].start <= address)
			low = middle + 1;
		else
			high = middle;
	}
	if (!low || address >= index->ranges[low - 1].end)
		return NULL;
	return &index->units[index->ranges[low - 1].unit];
}

/* ---- functions ---- */

static uint64_t hash_of(Dwarf_Addr start)
{
	return start * UINT64_C(0x9e3779b97f4a7c15);
}

struct wanted {
	const struct dwarf_index *index;
	Dwarf_Addr start;
};

static bool is_at(const void *wanted, uint32_t number)
{
	const struct wanted *at = wanted;

	return at->index->places[number].start == at->start;
}

static uint32_t find(const struct dwarf_index *index, Dwarf_Addr start)
{
	const struct wanted wanted = { .index = index, .start = start };

	return hash_table__find(&index->by_start, hash_of(start), is_at, &wanted);
}

static int add(struct dwarf_index *index, Dwarf_Die *die)
{
	Dwarf_Addr start, end, base;

	if (dwarf_entrypc(die, &start) && dwarf_ranges(die, 0, &base, &start, &end) <= 0)
		return 0; /* a declaration, or only inlined */
	if (find(index, start) != HASH_TABLE_NONE)
		return 0;
	if (array__reserve(index->places, index->cnt + 1, &index->cap) ||
	    hash_table__add(&index->by_start, hash_of(start), (uint32_t)index->cnt))
		return -ENOMEM;
	index->places[index->cnt++] =
		(struct dwarf_place){ .start = start, .die = dwarf_dieoffset(die) };
	return 0;
}

static int add_children(struct dwarf_index *index, Dwarf_Die *parent, int depth)
{
	Dwarf_Die child;
	int err = 0;

	if (depth == MAX_DEPTH || dwarf_child(parent, &child))
		return 0;
	do {
		const int tag = dwarf_tag(&child);

		if (!index->budget)
			return -E2BIG;
		index->budget--;
		if (tag == DW_TAG_subprogram)
			err = add(index, &child);
		else if (tag == DW_TAG_namespace || tag == DW_TAG_module)
			err = add_children(index, &child, depth + 1);
	} while (!err && !dwarf_siblingof(&child, &child));
	return err;
}

int dwarf_index__find(struct dwarf_index *index, Dwarf_Addr start, Dwarf_Die *ret)
{
	struct dwarf_unit *unit = find_unit(index, start);
	uint32_t number;
	Dwarf_Die die;
	int err = 0;

	if (!unit)
		return -ENOENT;
	if (!unit->is_read && dwarf_offdie(index->dwarf, unit->die, &die))
		err = add_children(index, &die, 0);
	unit->is_read = true;
	number = find(index, start);
	if (number != HASH_TABLE_NONE && dwarf_offdie(index->dwarf, index->places[number].die, ret))
		return 0;
	return err ? err : -ENOENT;
}
