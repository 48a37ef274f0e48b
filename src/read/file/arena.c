/* SPDX-License-Identifier: MIT */
#include <stdint.h>
#include <stdlib.h>

#include "arena.h"

/* Blocks double between these: a snapshot of a few events takes a few pages. */
#define FIRST_BLOCK_BYTES (4u << 10)
#define BLOCK_MAX_BYTES   (256u << 10)

struct arena_block {
	struct arena_block *next;
	size_t used, cap;
	uint64_t bytes[];
};

/* NULL: no memory, or none within the limit. */
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

/* What is large has a block of its own, which goes after the one in use: that has room yet for what
 * is small. A chunk's columns, each with a few words of its own, would take twice the memory else. */
static void add_block(struct arena *arena, struct arena_block *block, bool is_large)
{
	struct arena_block **at = &arena->blocks;

	if (is_large && arena->blocks)
		at = &arena->blocks->next;
	block->next = *at;
	*at = block;
}

/* Room for so many bytes; the block where they go. */
static struct arena_block *grow(struct arena *arena, size_t bytes)
{
	size_t cap = arena->next_block_bytes ? arena->next_block_bytes : FIRST_BLOCK_BYTES;
	bool is_large = bytes > cap;
	struct arena_block *block = new_block(arena, is_large ? bytes : cap);

	if (!block)
		return NULL;
	add_block(arena, block, is_large);
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
		block = grow(arena, bytes);
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

/* Kept is the newest of those that are large. These are dear to get again, for the kernel clears
 * their pages; and it is the heap's last, so that the C library gives back none of the others. */
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

size_t arena__bytes(const struct arena *arena)
{
	return arena->held_bytes;
}

void arena__fini(struct arena *arena)
{
	free_blocks(arena->blocks);
	arena->blocks = NULL;
	arena->held_bytes = 0;
}
