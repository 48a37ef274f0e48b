/* SPDX-License-Identifier: MIT */
/* Memory that is freed all at once. malloc() is called once for each block, not for each value. */
#ifndef TTLOG_READ_ARENA_H
#define TTLOG_READ_ARENA_H

#include <stdbool.h>
#include <stddef.h>

struct arena_block;

struct arena {
	struct arena_block *blocks; /* the first one is in use */
	size_t held_bytes;          /* of all blocks */
	size_t next_block_bytes;    /* 0: no block was made yet */
	size_t max_bytes;           /* of all blocks; 0: no limit */
	bool is_full;               /* an allocation was refused: max_bytes */
};

/* `cnt` times `size` bytes, 8-byte aligned, not cleared; at least 8 bytes. NULL: no memory, or the
 * limit is reached. */
void *arena__alloc(struct arena *arena, size_t cnt, size_t size);
/* Frees all allocations, but keeps one block for the next ones. */
void arena__reset(struct arena *arena);
void arena__fini(struct arena *arena);

#endif /* TTLOG_READ_ARENA_H */
