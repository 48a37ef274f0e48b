/* SPDX-License-Identifier: MIT */
#include <stdint.h>
#include <stdlib.h>

#include "arena.h"

/* Each block is twice as large as the one before, within these limits: a snapshot of a few events
 * takes a few pages. */
#define FIRST_BLOCK_BYTES (4u << 10)
#define BLOCK_MAX_BYTES   (256u << 10)

struct arena_block {
	struct arena_block *next;
	size_t used, cap;
	uint64_t bytes[];
};

static struct arena_block *new_block(struct arena *arena, size_t cap)
{
	struct arena_block *block;

	if (arena->max_bytes && cap > arena->max_bytes - arena->held_bytes) {
		arena->is_full = true;
		return NULL;
	}
	block = malloc(sizeof(*block) + cap);
	if (!block)
		return NULL;
	arena->held_bytes += cap;
	block->used = 0;
	block->cap = cap;
	return block;
}

/* Adds a block with room for so many bytes. A large allocation gets its own block, second in the
 * list. The first block stays in use, for small ones: else a chunk, whose columns alternate with a
 * few words, would take twice the memory. */
static struct arena_block *add_block(struct arena *arena, size_t bytes)
{
	size_t cap = arena->next_block_bytes ? arena->next_block_bytes : FIRST_BLOCK_BYTES;
	bool is_large = bytes > cap;
	struct arena_block *block = new_block(arena, is_large ? bytes : cap);
	struct arena_block **at = &arena->blocks;

	if (!block)
		return NULL;
	if (is_large && *at)
		at = &(*at)->next;
	block->next = *at;
	*at = block;
	arena->next_block_bytes = cap < BLOCK_MAX_BYTES ? 2 * cap : cap;
	return block;
}

void *arena__alloc(struct arena *arena, size_t cnt, size_t size)
{
	struct arena_block *block = arena->blocks;
	size_t bytes;
	void *p;

	if (__builtin_mul_overflow(cnt, size, &bytes) || bytes > SIZE_MAX / 2)
		return NULL;
	bytes = (bytes + 7) & ~(size_t)7;
	if (!bytes)
		bytes = 8;
	if (!block || block->cap - block->used < bytes) {
		block = add_block(arena, bytes);
		if (!block)
			return NULL;
	}
	p = (unsigned char *)block->bytes + block->used;
	block->used += bytes;
	return p;
}

static void free_blocks(struct arena_block *block)
{
	while (block) {
		struct arena_block *next = block->next;

		free(block);
		block = next;
	}
}

/* Keeps the newest large block. A new one would be slow, because the kernel clears its pages. It is
 * also the last one of the heap, so the C library cannot return the others to the kernel. */
void arena__reset(struct arena *arena)
{
	struct arena_block *first = arena->blocks, *kept = first;

	arena->is_full = false;
	if (!first)
		return;
	if (first->next && first->next->cap >= first->cap) {
		kept = first->next;
		first->next = kept->next;
		free_blocks(first);
	} else {
		free_blocks(first->next);
	}
	kept->next = NULL;
	kept->used = 0;
	arena->blocks = kept;
	arena->held_bytes = kept->cap;
}

void arena__fini(struct arena *arena)
{
	free_blocks(arena->blocks);
	arena->blocks = NULL;
	arena->held_bytes = 0;
}
