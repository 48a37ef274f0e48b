/* SPDX-License-Identifier: MIT */
/*
 * Frames and lists are known by their bytes in the file: so equal ones have one number, and nothing
 * is kept of the process's own tables.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "catalog.h"
#include "cbor_out.h"
#include "crash.h"
#include "ending_out.h"
#include "event_stacks.h"
#include "hash_table.h"
#include "stacks_out.h"

/* Of a segment. A reader needs some 6 MiB for so many. */
#define FULL_BYTES  ((size_t)4 << 20) /* of frames */
#define FULL_FRAMES 8192u
#define FULL_LISTS  16384u
#define FULL_EVENTS 32768u

/* Items of CBOR, each once. */
struct items {
	struct cbor_out bytes; /* of all of them */
	size_t *ends;          /* of each */
	size_t cnt, cap, told_cnt;
	struct hash_table numbers;
};

struct stacks_out {
	struct items frames, lists;
	struct cbor_out events; /* that were not put yet */
	size_t event_cnt, new_cnt;
	struct cbor_out item; /* while it is made */
};

struct stacks_out *stacks_out__new(void)
{
	return calloc(1, sizeof(struct stacks_out));
}

static void fini_items(struct items *items)
{
	cbor_out__fini(&items->bytes);
	free(items->ends);
	hash_table__fini(&items->numbers);
}

void stacks_out__free(struct stacks_out *stacks)
{
	if (!stacks)
		return;
	fini_items(&stacks->frames);
	fini_items(&stacks->lists);
	cbor_out__fini(&stacks->events);
	cbor_out__fini(&stacks->item);
	free(stacks);
}

/* ---- items ---- */

struct wanted {
	const struct items *items;
	const struct cbor_out *item;
};

static size_t start_of(const struct items *items, size_t number)
{
	return number ? items->ends[number - 1] : 0;
}

static bool is_wanted(const void *ctx, uint32_t number)
{
	const struct wanted *wanted = ctx;
	const size_t start = start_of(wanted->items, number);

	return wanted->items->ends[number] - start == wanted->item->len &&
	       !memcmp(wanted->items->bytes.bytes + start, wanted->item->bytes, wanted->item->len);
}

/* FNV-1a, 64 bit */
static uint64_t hash_of(const struct cbor_out *item)
{
	uint64_t hash = 0xcbf29ce484222325u;

	for (size_t i = 0; i < item->len; i++)
		hash = (hash ^ item->bytes[i]) * 0x100000001b3u;
	return hash;
}

/* The number of an item that may be there already. 0 or -ENOMEM. */
static int number_of(struct items *items, const struct cbor_out *item, uint32_t *ret)
{
	const struct wanted wanted = { items, item };
	const uint64_t hash = hash_of(item);
	uint32_t number;

	if (item->error)
		return item->error;
	number = hash_table__find(&items->numbers, hash, is_wanted, &wanted);
	if (number != HASH_TABLE_NONE) {
		*ret = number;
		return 0;
	}
	if (items->cnt >= HASH_TABLE_NONE - 1 ||
	    array__reserve(items->ends, items->cnt + 1, &items->cap))
		return -ENOMEM;
	cbor_out__append(&items->bytes, item);
	if (items->bytes.error)
		return items->bytes.error;
	items->ends[items->cnt] = items->bytes.len;
	if (hash_table__add(&items->numbers, hash, (uint32_t)items->cnt)) {
		items->bytes.len = start_of(items, items->cnt);
		return -ENOMEM;
	}
	*ret = (uint32_t)items->cnt++;
	return 0;
}

static void put_new(struct items *items, struct cbor_out *out)
{
	const size_t from = start_of(items, items->told_cnt);
	const struct cbor_out rest = {
		.bytes = items->bytes.bytes ? items->bytes.bytes + from : NULL,
		.len = items->bytes.len - from,
	};

	cbor_out__array(out, items->cnt - items->told_cnt);
	cbor_out__append(out, &rest);
	items->told_cnt = items->cnt;
}

/* ---- stacks ---- */

static int list_of(struct stacks_out *stacks, const struct crash_other *where, uint32_t *ret)
{
	uint32_t frames[CRASH_OTHER_FRAMES];

	for (size_t i = 0; i < where->frame_cnt; i++) {
		int err;

		cbor_out__reset(&stacks->item);
		ending_out__put_frame(&stacks->item, &where->frames[i]);
		err = number_of(&stacks->frames, &stacks->item, &frames[i]);
		if (err)
			return err;
	}
	cbor_out__reset(&stacks->item);
	cbor_out__array(&stacks->item, where->frame_cnt);
	for (size_t i = 0; i < where->frame_cnt; i++)
		cbor_out__uint(&stacks->item, frames[i]);
	return number_of(&stacks->lists, &stacks->item, ret);
}

/* Without memory it is left out. */
static void add(struct stacks_out *stacks, const struct event_stack *stack,
		const struct catalog *catalog)
{
	const struct catalog_site *site = catalog__find(catalog, stack->module, stack->site);
	const uint32_t thread = catalog__thread_number(catalog, stack->thread);
	uint32_t list;

	if (!site || site->number >= catalog->site_cnt || thread >= catalog->thread_cnt ||
	    !stack->where.frame_cnt || list_of(stacks, &stack->where, &list))
		return;
	cbor_out__array(&stacks->events, 7);
	cbor_out__uint(&stacks->events, thread);
	cbor_out__uint(&stacks->events, site->module);
	cbor_out__uint(&stacks->events, stack->seq);
	cbor_out__uint(&stacks->events, stack->ticks);
	cbor_out__uint(&stacks->events, stack->place);
	cbor_out__uint(&stacks->events, site->number);
	cbor_out__uint(&stacks->events, list);
	stacks->event_cnt++;
	stacks->new_cnt++;
}

void stacks_out__add(struct stacks_out *stacks, const struct event_stack *from, size_t cnt,
		     const struct catalog *catalog)
{
	for (size_t i = 0; i < cnt; i++)
		add(stacks, &from[i], catalog);
}

bool stacks_out__is_new(const struct stacks_out *stacks)
{
	return stacks && stacks->new_cnt;
}

void stacks_out__put(struct stacks_out *stacks, struct cbor_map *to)
{
	struct cbor_map map = { 0 };
	struct cbor_out *events;

	if (!stacks_out__is_new(stacks))
		return;
	if (stacks->frames.told_cnt)
		cbor_map__uint(&map, "first_frame", stacks->frames.told_cnt);
	if (stacks->lists.told_cnt)
		cbor_map__uint(&map, "first_list", stacks->lists.told_cnt);
	put_new(&stacks->frames, cbor_map__key(&map, "frames"));
	put_new(&stacks->lists, cbor_map__key(&map, "lists"));
	events = cbor_map__key(&map, "events");
	cbor_out__array(events, stacks->new_cnt);
	cbor_out__append(events, &stacks->events);
	cbor_map__end(&map, cbor_map__key(to, "stacks"));
	cbor_out__reset(&stacks->events);
	stacks->new_cnt = 0;
}

bool stacks_out__is_full(const struct stacks_out *stacks)
{
	return stacks &&
	       (stacks->frames.bytes.len >= FULL_BYTES || stacks->frames.cnt >= FULL_FRAMES ||
		stacks->lists.cnt >= FULL_LISTS || stacks->event_cnt >= FULL_EVENTS);
}
