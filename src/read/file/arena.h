/* SPDX-License-Identifier: MIT */
/* Memory that is given back all at once: one allocation a block, not one a value. */
#ifndef TTLOG_READ_ARENA_H
#define TTLOG_READ_ARENA_H

#include <stdbool.h>
#include <stddef.h>

struct arena_block;

struct arena {
	struct arena_block *blocks; /* the one in use first */
	size_t held_bytes;
	size_t next_block_bytes; /* 0: none has been made */
	size_t max_bytes;        /* of blocks, together; 0: no limit */
	bool is_full;            /* more was asked for */
};

/* `cnt` times `size` bytes, 8-byte aligned, not cleared; never 0 bytes. NULL: no memory, or none
 * within the limit. */
void *arena__alloc(struct arena *arena, size_t cnt, size_t size);
/* Everything is free again; one block's memory is kept for the next round. */
void arena__reset(struct arena *arena);
/* How much memory it holds. */
size_t arena__bytes(const struct arena *arena);
void arena__fini(struct arena *arena);

#endif /* TTLOG_READ_ARENA_H */
