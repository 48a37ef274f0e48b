/* SPDX-License-Identifier: MIT */
/*
 * Consecutive numbers have consecutive places, because they are asked for in this order: the
 * processor prefetches them. If a place is taken there are a few others. A key that finds no free
 * place is not kept, so keys that a hostile file makes collide cost no more than others.
 */
#include <stdlib.h>
#include <string.h>

#include "group_memo.h"
#include "hash.h"

#define FIRST_CAP  1024u
#define MAX_CAP    (1u << 17)
#define PROBES     6u
/* Too many different keys. */
#define MAX_MISSES (4u * MAX_CAP)

void group_memo__fini(struct group_memo *memo)
{
	free(memo->entries);
	*memo = (struct group_memo){ .cap = 0 };
}

static uint64_t hash_others(const struct group_memo_key *key)
{
	uint64_t hash = hash__mix(0, (uint64_t)(uintptr_t)key->site);

	hash = hash__mix(hash, (uint64_t)(uintptr_t)key->thread);
	for (unsigned i = 1; i < GROUP_MEMO_NUMBERS; i++)
		hash = hash__mix(hash, key->numbers[i]);
	return hash;
}

static bool is_same(const struct group_memo_key *a, const struct group_memo_key *b)
{
	return a->site == b->site && a->thread == b->thread &&
	       !memcmp(a->numbers, b->numbers, sizeof(a->numbers));
}

/* The key's place, or a free one for it; NULL: neither. */
static struct group_memo_entry *place_of(const struct group_memo *memo,
					 const struct group_memo_key *key)
{
	uint64_t place = hash_others(key) + key->numbers[0];

	for (unsigned i = 0; memo->cap && i < PROBES; i++) {
		struct group_memo_entry *entry = &memo->entries[place & (memo->cap - 1)];

		if (!entry->group || is_same(&entry->key, key))
			return entry;
		place = hash__mix(0, place + 1);
	}
	return NULL;
}

struct group *group_memo__find(const struct group_memo *memo, const struct group_memo_key *key)
{
	const struct group_memo_entry *entry = place_of(memo, key);

	return entry ? entry->group : NULL;
}

static void grow(struct group_memo *memo)
{
	struct group_memo grown = { .cap = memo->cap ? memo->cap * 4 : FIRST_CAP };

	if (grown.cap > MAX_CAP)
		return;
	grown.entries = calloc(grown.cap, sizeof(*grown.entries));
	if (!grown.entries)
		return;
	for (uint32_t i = 0; i < memo->cap; i++) {
		if (memo->entries[i].group)
			group_memo__add(&grown, &memo->entries[i].key, memo->entries[i].group);
	}
	grown.miss_cnt = memo->miss_cnt;
	free(memo->entries);
	*memo = grown;
}

void group_memo__add(struct group_memo *memo, const struct group_memo_key *key, struct group *group)
{
	struct group_memo_entry *entry;

	if (memo->cnt >= memo->cap / 2)
		grow(memo);
	memo->is_useless = ++memo->miss_cnt > MAX_MISSES;
	entry = place_of(memo, key);
	if (!entry)
		return;
	memo->cnt += !entry->group;
	*entry = (struct group_memo_entry){ *key, group };
}
