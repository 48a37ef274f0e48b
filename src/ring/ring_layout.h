/* SPDX-License-Identifier: MIT */
/*
 * What ring.c, ring_copy.c, ring_memory.c, ring_budget.c and prefault.c have in common. No other
 * file includes this.
 *
 * The mapped file is a struct ring_head and a data area of a power of two. Positions count bytes
 * since the beginning and never wrap; the data of position p lies at p modulo the size. Whole
 * entries are between tail and head. In the data, each is a struct ring_slot and the records,
 * padded to 8 bytes, so every entry starts at a word. An entry that crosses the end of the area
 * continues at its start.
 *
 * An entry whose `bytes` are RING_GAP is a gap: nothing was written there, because a frozen copy
 * keeps what lies there, or because there is no memory. `seq` says how many bytes follow its slot.
 *
 * Invariants at every moment, also in a file whose writer was killed:
 * - tail <= head <= tail + size, and both are at entry boundaries;
 * - what is between them is whole. The writer moves tail before it overwrites, and head after it
 *   has written.
 */
#ifndef TTLOG_RING_LAYOUT_H
#define TTLOG_RING_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "ttlog/abi.h"

#include "barrier.h"
#include "ring_entry.h"

#define RING_MAGIC      0x474e49525f474c54u /* "TL_RING" */
#define RING_VERSION    5u
#define RING_OLDEST     4u     /* it had no `place`: 0 in all entries */
#define RING_HEAD_BYTES 65536u /* whole pages on every machine */

#define RING_GAP UINT32_MAX

/* Memory comes and goes by such parts of the data area (ring_memory.h): whole pages on every
 * machine. */
#define RING_EXTENT_BYTES ((size_t)64 << 10)

/* If there is plenty, memory is taken in steps of this size. */
#define RING_STEP_BYTES ((size_t)1 << 20)

/* The beginning of the file. The writer writes every field; readers only read. */
struct ring_head {
	uint64_t magic;
	uint32_t version;
	uint32_t head_bytes; /* where the data area starts */
	uint64_t data_bytes; /* a power of two */
	uint32_t writer_pid;
	uint8_t reserved0[36];

	/* readers ask for these again and again while they copy */
	uint64_t tail;        /* position of the oldest entry */
	uint64_t overwritten; /* events of the entries before it */
	uint8_t reserved1[48];

	uint64_t head;         /* position after the newest entry */
	uint64_t events;       /* ever written; the writer's own */
	uint64_t alone_events; /* of these, with a seq of 0; the writer's own */
	uint8_t reserved2[RING_HEAD_BYTES - 152];
};

_Static_assert(offsetof(struct ring_head, tail) == 64, "tail has a cache line");
_Static_assert(offsetof(struct ring_head, head) == 128, "head has another");
_Static_assert(sizeof(struct ring_head) == RING_HEAD_BYTES, "the head fills whole pages");

/* What each entry starts with in the data area and in copies. */
struct ring_slot {
	uint64_t events_before; /* events in all entries before this one */
	uint64_t alone_before;  /* of these, with a seq of 0 */
	struct ring_entry entry;
};

_Static_assert(sizeof(struct ring_slot) == 64, "a slot is whole words");
/* The largest batch must fit into half of the smallest ring. */
_Static_assert(TTLOG_BATCH_MAX_BYTES - sizeof(struct ttlog_batch) + sizeof(struct ring_slot) <=
		       RING_MIN_BYTES / 2,
	       "every batch fits into every ring");
_Static_assert(TTLOG_BATCH_MAX_BYTES / TTLOG_RECORD_ALIGN <= 1 << 16,
	       "ring_entry has words for it, and more places than there are records");

struct prefault;
struct ring_budget;
struct ring_copy;

struct ring {
	struct ring_head *head;
	uint64_t *words; /* the data area */
	size_t data_bytes;
	uint64_t word_mask;
	int fd;                   /* of the file */
	char *path;               /* NULL: no file */
	struct ring_copy *frozen; /* copies of ring__freeze(); the writer's own */
	bool is_left;             /* freed, but the last of these is not; the writer's own */

	/* which memory there is; the writer's own: see ring_memory.h */
	uint64_t *backed;           /* a bit for each extent */
	size_t floor_bytes;         /* at the beginning of the data area, never given back */
	uint64_t held_bytes;        /* of the budget */
	uint64_t absorbed_bytes;    /* of prefault_taken_bytes */
	uint64_t absorbed_to;       /* of prefault_bytes */
	struct ring_budget *budget; /* NULL: as much as the file system has */
	struct ring *budget_next;

	/* memory that is there before it is written to: see prefault.h */
	struct prefault *prefault;     /* NULL: none; the writer's own */
	uint64_t ask_at;               /* the writer's own: the position at which to ask for more */
	uint64_t wanted_bytes;         /* of the data area; the writer sets it */
	uint64_t prefault_bytes;       /* of the data area, allocated; `prefault` sets it */
	uint64_t prefault_taken_bytes; /* of the budget, ever; `prefault` sets it */
	uint64_t populated_bytes;      /* faulted in; this and the rest are the own of `prefault` */
	uint64_t refused_bytes;        /* a wanted_bytes for which there was no memory */
	struct ring *prefault_next;
};

static inline size_t pad_word(size_t bytes)
{
	return (bytes + 7) & ~(size_t)7;
}

static inline bool is_gap(const struct ring_entry *entry)
{
	return entry->bytes == RING_GAP;
}

static inline size_t slot_bytes(const struct ring_entry *entry)
{
	return sizeof(struct ring_slot) + pad_word(is_gap(entry) ? entry->seq : entry->bytes);
}

static inline void load_words(const struct ring *ring, uint64_t position, void *target,
			      size_t bytes)
{
	uint64_t at = position / sizeof(uint64_t), word;
	unsigned char *to = target;

	for (; bytes; bytes -= sizeof(word), to += sizeof(word), at++) {
		word = barrier__load_relaxed(&ring->words[at & ring->word_mask]);
		memcpy(to, &word, sizeof(word));
	}
}

/* Gives the oldest entries up until there is room for data up to position `end`, which is at most
 * one lap after the head. The writer's thread. */
void ring__make_room(struct ring *ring, uint64_t end);

/*
 * Before something is written at positions [from, to), an entry at most: saves what frozen copies
 * still need of what lies there. The writer's thread. -ENOMEM: there is no memory for it. -EAGAIN:
 * a copy has saved as much as it may; then nothing may be written there, and ret_next is where to
 * ask next.
 */
int ring_copy__release(struct ring_copy *frozen, uint64_t from, uint64_t to, uint64_t *ret_next);

#endif /* TTLOG_RING_LAYOUT_H */
