/* SPDX-License-Identifier: MIT */
/*
 * Which parts of a ring's data area have memory. Only ring.c calls this, but for
 * ring_memory__may_begin(), in the writer's thread.
 *
 * Pages that were never written take no memory. Memory is taken before it is written to: on a full
 * tmpfs a write through a mapping would be a SIGBUS. The data area is cut into extents, and each
 * has memory or has none. If the next extent has none, and there is none to be had, the writer
 * leaves a gap up to an extent that has some. So it overwrites within what it has: however little
 * that is, the newest events are in it.
 *
 * The first floor_bytes of the data area are never given back. They are twice as large as the
 * largest entry so far, so an entry fits into them at any position of the ring's head.
 */
#ifndef TTLOG_RING_MEMORY_H
#define TTLOG_RING_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ring;
struct ring_budget;

/* What a ring begins with: its head, and room for two entries of the usual size of batch. */
#define RING_MEMORY_FLOOR_BYTES (2 * RING_EXTENT_BYTES)
#define RING_MEMORY_HEAD_BYTES  4096 /* a page; where pages are larger, one of these */
#define RING_MEMORY_MIN_BYTES   (RING_MEMORY_HEAD_BYTES + RING_MEMORY_FLOOR_BYTES)

/* Takes memory for a new ring: its head and the first extents. 0 or -errno. */
int ring_memory__begin(struct ring *ring);
/* Finds what memory the file of an opened ring has. 0 or -errno. */
int ring_memory__find(struct ring *ring);
/* Gives all of it back to the budget. */
void ring_memory__end(struct ring *ring);

/*
 * Whether there is memory, maybe new, for `bytes` of data at a position. If not, ret_next is where
 * to ask next.
 */
bool ring_memory__ask(struct ring *ring, uint64_t position, size_t bytes, uint64_t *ret_next);
/* From now on there is memory enough for an entry of so many bytes, if that can be had. */
void ring_memory__fit(struct ring *ring, size_t entry_bytes);

/* Whether there may be memory for one more ring: ring__new_within() may succeed. */
bool ring_memory__may_begin(struct ring_budget *budget);

#endif /* TTLOG_RING_MEMORY_H */
