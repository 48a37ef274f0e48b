/* SPDX-License-Identifier: MIT */
/*
 * Which parts of a ring's data area have memory. Only ring.c and those beside it (ring_layout.h) call this, in the
 * writer's thread.
 *
 * Pages that were never written take no memory, and memory is asked for before it is written: on a
 * full tmpfs a write through a mapping would be a SIGBUS. The data area is cut into extents, each of
 * which is there or not. Where the next one is not, and there is none to be had, the writer leaves a
 * gap up to one that is, and so overwrites within what it has: however little that is, the newest
 * events are in it.
 *
 * The first extents, floor_bytes of them, are never given back, and twice as large as the largest
 * entry so far: it fits into them wherever the ring's head is.
 */
#ifndef TTLOG_RING_MEMORY_H
#define TTLOG_RING_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ring;
struct ring_budget;

/* What a ring begins with: two entries of the batches that most threads have, and its head. */
#define RING_MEMORY_FLOOR_BYTES (2 * RING_EXTENT_BYTES)
#define RING_MEMORY_HEAD_BYTES  4096 /* a page; where pages are larger, one of these */
#define RING_MEMORY_MIN_BYTES   (RING_MEMORY_HEAD_BYTES + RING_MEMORY_FLOOR_BYTES)

/* Of a new ring: its head and the first extents. 0 or -errno. */
int ring_memory__begin(struct ring *ring);
/* Of one that was opened: what its file has. 0 or -errno. */
int ring_memory__find(struct ring *ring);
/* All of it goes back to the budget. */
void ring_memory__end(struct ring *ring);

/*
 * Whether memory is there, or has come, for `bytes` of data at a position. ret_next: where to ask
 * next if not.
 */
bool ring_memory__ask(struct ring *ring, uint64_t position, size_t bytes, uint64_t *ret_next);
/* For an entry of so many bytes: whatever room there is from now on, there is enough for such. */
void ring_memory__fit(struct ring *ring, size_t entry_bytes);

/* Whether there may be memory for one more ring. */
bool ring_memory__may_begin(struct ring_budget *budget);

#endif /* TTLOG_RING_MEMORY_H */
