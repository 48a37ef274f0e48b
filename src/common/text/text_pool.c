/* SPDX-License-Identifier: MIT */
/*
 * Texts lie in blocks that never move. A hash table finds them; its hash begins with a secret, so
 * that no program can make texts that collide.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "hash.h"
#include "hash_table.h"
#include "text_pool.h"

#define BLOCK_BYTES (64u << 10)

struct text_block {
	struct text_block *next;
	size_t used_bytes;
	size_t capacity_bytes;
	char bytes[];
};

struct text {
	const char *p;
	size_t len;
};

struct text_pool {
	struct text_block *blocks; /* the first one is in use */
	struct text *texts;
	size_t cnt, cap;
	struct hash_table by_hash; /* texts */
	uint64_t secret;
};

struct wanted {
	const struct text *texts;
	struct text text;
};

struct text_pool *text_pool__new(void)
{
	struct text_pool *pool = calloc(1, sizeof(*pool));

	if (pool)
		pool->secret = hash__new_secret();
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
	hash_table__fini(&pool->by_hash);
	free(pool->texts);
	free(pool);
}

static bool is_wanted(const void *of, uint32_t number)
{
	const struct wanted *wanted = of;
	const struct text *text = &wanted->texts[number];

	return text->len == wanted->text.len && !memcmp(text->p, wanted->text.p, text->len);
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
	const struct wanted wanted = { pool->texts, { text, len } };
	const uint64_t hash = hash__bytes(pool->secret, text, len);
	const uint32_t number = hash_table__find(&pool->by_hash, hash, is_wanted, &wanted);
	char *copy = NULL;

	if (number != HASH_TABLE_NONE)
		return pool->texts[number].p;
	if (len < SIZE_MAX - sizeof(struct text_block) &&
	    !array__reserve(pool->texts, pool->cnt + 1, &pool->cap))
		copy = take_bytes(pool, len + 1);
	if (!copy || hash_table__add(&pool->by_hash, hash, (uint32_t)pool->cnt)) {
		errno = ENOMEM;
		return NULL;
	}
	if (len)
		memcpy(copy, text, len);
	copy[len] = '\0';
	pool->texts[pool->cnt++] = (struct text){ copy, len };
	return copy;
}
