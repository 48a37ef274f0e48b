/* SPDX-License-Identifier: MIT */
/*
 * Interned texts: an open-addressing table of pointers into blocks that never move.
 *
 * The hash is FNV-1a, unseeded: a file that was made to collide costs its reader time once, and
 * the notes of one file are bounded by its size.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "text_pool.h"

#define BLOCK_BYTES (64u << 10)
#define FIRST_SLOTS 256u

struct text_block {
	struct text_block *next;
	size_t used_bytes;
	size_t capacity_bytes;
	char bytes[];
};

struct text_slot {
	const char *text; /* NULL: free */
	size_t len;
	uint64_t hash;
};

struct text_pool {
	struct text_block *blocks; /* the first one is being filled */
	struct text_slot *slots;
	size_t slot_cnt; /* a power of two */
	size_t used_cnt;
};

static uint64_t hash_text(const char *text, size_t len)
{
	uint64_t hash = 0xcbf29ce484222325u;

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ (unsigned char)text[i]) * 0x100000001b3u;
	return hash ^ (hash >> 32);
}

struct text_pool *text_pool__new(void)
{
	struct text_pool *pool = calloc(1, sizeof(*pool));

	if (!pool)
		return NULL;
	pool->slot_cnt = FIRST_SLOTS;
	pool->slots = calloc(pool->slot_cnt, sizeof(*pool->slots));
	if (!pool->slots) {
		free(pool);
		errno = ENOMEM;
		return NULL;
	}
	return pool;
}

void text_pool__free(struct text_pool *pool)
{
	struct text_block *block, *next;

	if (!pool)
		return;
	for (block = pool->blocks; block; block = next) {
		next = block->next;
		free(block);
	}
	free(pool->slots);
	free(pool);
}

/* The slot that holds the text, or the free one where it belongs. */
static struct text_slot *find_slot(struct text_slot *slots, size_t slot_cnt, uint64_t hash,
				   const char *text, size_t len)
{
	size_t at = hash & (slot_cnt - 1);

	while (slots[at].text && (slots[at].hash != hash || slots[at].len != len ||
				  memcmp(slots[at].text, text, len) != 0))
		at = (at + 1) & (slot_cnt - 1);
	return &slots[at];
}

static int grow_slots(struct text_pool *pool)
{
	size_t slot_cnt = pool->slot_cnt * 2;
	struct text_slot *slots = calloc(slot_cnt, sizeof(*slots));

	if (!slots)
		return -ENOMEM;
	for (size_t i = 0; i < pool->slot_cnt; i++) {
		const struct text_slot *old = &pool->slots[i];

		if (old->text)
			*find_slot(slots, slot_cnt, old->hash, old->text, old->len) = *old;
	}
	free(pool->slots);
	pool->slots = slots;
	pool->slot_cnt = slot_cnt;
	return 0;
}

static char *take_bytes(struct text_pool *pool, size_t bytes)
{
	struct text_block *block = pool->blocks;
	size_t capacity;

	if (!block || block->capacity_bytes - block->used_bytes < bytes) {
		capacity = bytes > BLOCK_BYTES ? bytes : BLOCK_BYTES;
		block = malloc(sizeof(*block) + capacity);
		if (!block)
			return NULL;
		*block = (struct text_block){ .next = pool->blocks, .capacity_bytes = capacity };
		pool->blocks = block;
	}
	block->used_bytes += bytes;
	return block->bytes + block->used_bytes - bytes;
}

const char *text_pool__add(struct text_pool *pool, const char *text, size_t len)
{
	uint64_t hash = hash_text(text, len);
	struct text_slot *slot = find_slot(pool->slots, pool->slot_cnt, hash, text, len);
	char *copy;

	if (slot->text)
		return slot->text;
	if (pool->used_cnt * 4 >= pool->slot_cnt * 3) {
		if (grow_slots(pool) < 0)
			goto no_memory;
		slot = find_slot(pool->slots, pool->slot_cnt, hash, text, len);
	}
	copy = len < SIZE_MAX - sizeof(struct text_block) ? take_bytes(pool, len + 1) : NULL;
	if (!copy)
		goto no_memory;
	if (len)
		memcpy(copy, text, len);
	copy[len] = '\0';
	*slot = (struct text_slot){ .text = copy, .len = len, .hash = hash };
	pool->used_cnt++;
	return copy;

no_memory:
	errno = ENOMEM;
	return NULL;
}
