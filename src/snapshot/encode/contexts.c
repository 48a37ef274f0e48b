/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ttlog/abi.h"

#include "array.h"
#include "contexts.h"
#include "hash.h"
#include "hash_table.h"
#include "record.h"
#include "ring.h"
#include "thread.h"

/* A program that sets more at once lies. */
#define MAX_MODULES 64u

struct entry {
	uint64_t frame;
	uint32_t module;
	struct context context;
};

struct slot {
	uint32_t tid;
	uint32_t now; /* the entry that counts */
	struct entry *entries;
	size_t cnt, cap;
};

struct contexts {
	struct slot *slots;
	size_t cnt, cap;
	struct hash_table by_tid;
	const struct thread *threads;
	size_t thread_cnt;
};

struct contexts *contexts__new(void)
{
	return calloc(1, sizeof(struct contexts));
}

void contexts__free(struct contexts *contexts)
{
	if (!contexts)
		return;
	for (size_t i = 0; i < contexts->cnt; i++)
		free(contexts->slots[i].entries);
	free(contexts->slots);
	hash_table__fini(&contexts->by_tid);
	free(contexts);
}

void contexts__use(struct contexts *contexts, const struct thread *threads, size_t cnt)
{
	contexts->threads = threads;
	contexts->thread_cnt = cnt;
}

struct wanted {
	const struct contexts *contexts;
	uint32_t tid;
};

static bool is_wanted(const void *ctx, uint32_t number)
{
	const struct wanted *wanted = ctx;

	return wanted->contexts->slots[number].tid == wanted->tid;
}

static uint32_t slot_of_tid(struct contexts *contexts, uint32_t tid)
{
	const struct wanted wanted = { .contexts = contexts, .tid = tid };
	const uint64_t hash = hash__mix(0, tid);
	uint32_t found = hash_table__find(&contexts->by_tid, hash, is_wanted, &wanted);

	if (found != HASH_TABLE_NONE)
		return found;
	if (array__reserve(contexts->slots, contexts->cnt + 1, &contexts->cap) ||
	    hash_table__add(&contexts->by_tid, hash, (uint32_t)contexts->cnt))
		return CONTEXTS_NO_SLOT;
	contexts->slots[contexts->cnt] = (struct slot){ .tid = tid };
	return (uint32_t)contexts->cnt++;
}

uint32_t contexts__slot(struct contexts *contexts, uint32_t thread)
{
	if (thread >= contexts->thread_cnt)
		return CONTEXTS_NO_SLOT;
	return slot_of_tid(contexts, contexts->threads[thread].tid);
}

struct contexts *contexts__clone(const struct contexts *contexts)
{
	struct contexts *copy = contexts__new();

	for (size_t i = 0; copy && i < contexts->cnt; i++) {
		const struct slot *from = &contexts->slots[i];
		uint32_t number = from->cnt ? slot_of_tid(copy, from->tid) : CONTEXTS_NO_SLOT;
		struct slot *to;

		/* without memory for it: no context is better than no copy */
		if (number == CONTEXTS_NO_SLOT)
			continue;
		to = &copy->slots[number];
		if (array__reserve(to->entries, from->cnt, &to->cap))
			continue;
		memcpy(to->entries, from->entries, from->cnt * sizeof(*to->entries));
		to->cnt = from->cnt;
		to->now = from->now;
	}
	return copy;
}

/* ---- taking ---- */

static void set(struct slot *slot, const struct entry *entry)
{
	size_t i = 0;

	while (i < slot->cnt && slot->entries[i].module != entry->module)
		i++;
	if (entry->frame && i == slot->cnt) {
		if (i == MAX_MODULES || array__reserve(slot->entries, i + 1, &slot->cap))
			return;
		slot->cnt++;
	}
	if (entry->frame)
		slot->entries[i] = *entry;
	else if (i < slot->cnt)
		slot->entries[i] = slot->entries[--slot->cnt];
	slot->now = 0;
	for (uint32_t k = 1; k < slot->cnt; k++)
		if (slot->entries[k].frame < slot->entries[slot->now].frame)
			slot->now = k;
}

bool contexts__is_one(const unsigned char *fields, size_t len)
{
	uint32_t kind;

	if (len < sizeof(struct ttlog_side_context))
		return false;
	memcpy(&kind, fields, sizeof(kind));
	return kind == TTLOG_SIDE_CONTEXT;
}

void contexts__take(struct contexts *contexts, uint32_t slot, uint32_t module,
		    const unsigned char *fields, size_t len)
{
	struct ttlog_side_context side;
	struct entry entry = { .module = module };

	if (!contexts__is_one(fields, len) || slot >= contexts->cnt)
		return;
	memcpy(&side, fields, sizeof(side));
	entry.frame = (uint64_t)side.frame[1] << 32 | side.frame[0];
	memcpy(entry.context.trace_id, side.trace_id, sizeof(side.trace_id));
	memcpy(entry.context.span_id, side.span_id, sizeof(side.span_id));
	set(&contexts->slots[slot], &entry);
}

void contexts__forget(struct contexts *contexts, uint32_t slot, uint32_t module)
{
	if (slot < contexts->cnt && contexts->slots[slot].cnt)
		set(&contexts->slots[slot], &(const struct entry){ .module = module });
}

static void take_entry(struct contexts *contexts, const struct ring_entry *entry)
{
	struct record_walk walk = record_walk__start(entry);
	bool begins = ring_entry__begins_batch(entry);
	struct record record;

	while (record_walk__next(&walk, &record) == 1) {
		const bool is_side = record.site_index == TTLOG_SIDE_SITE;
		const bool is_first = begins;

		if (is_side && !contexts__is_one(record.fields, record.fields_len))
			continue;
		begins = false;
		if (!is_side && (!is_first || contexts__are_none(contexts)))
			continue;
		if (is_side)
			contexts__take(contexts, contexts__slot(contexts, entry->thread),
				       entry->module, record.fields, record.fields_len);
		else
			contexts__forget(contexts, contexts__slot(contexts, entry->thread),
					 entry->module);
	}
}

void contexts__take_all(struct contexts *contexts, struct ring_copy *copy)
{
	const struct ring_entry *entry;
	size_t cursor = 0;

	while ((entry = ring_copy__next(copy, &cursor)))
		take_entry(contexts, entry);
}

bool contexts__are_none(const struct contexts *contexts)
{
	return !contexts->cnt;
}

const struct context *contexts__now(const struct contexts *contexts, uint32_t slot)
{
	static const struct context none;

	if (slot >= contexts->cnt || !contexts->slots[slot].cnt)
		return &none;
	return &contexts->slots[slot].entries[contexts->slots[slot].now].context;
}
