/* SPDX-License-Identifier: MIT */
/*
 * What a ring has at one moment, kept for a reader: see ring.h.
 *
 * A plain copy is what it says. A frozen one is the ring's file mapped once more: it takes no
 * memory, and before the writer overwrites what the reader has not done with, it puts a copy in its
 * place, under the same addresses. So the reader's pointers hold, and memory grows by no more than
 * what comes in while a snapshot is written, faster than it is written.
 *
 * A private mapping would copy by itself, when written to, page by page: each costs an interrupt on
 * the reader's CPU, 3 us, against 0.2 us a page for moving a large piece into place. Where a
 * hypervisor keeps page tables the first touch of each new page is 4 to 13 us, so pieces are huge
 * pages where the kernel has some: else the drain thread would lose events while it saves.
 *
 * The mapping is two of the data area, one behind the other, so that entries which cross the end of
 * the area are whole.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "barrier.h"
#include "ring.h"
#include "ring_layout.h"

/* How often a copy starts anew because the writer came by all that it had taken. */
#define RING_COPY_ATTEMPTS 64

/* The writer saves so much at once, and the reader gives back so much at once: of large rings a
 * huge page (2 MiB on x86-64, and on arm64 with pages of 4 KiB). */
#define RING_SAVE_BYTES  ((size_t)1 << 19)
#define RING_HUGE_BYTES  ((size_t)2 << 20)
#define RING_LARGE_BYTES ((size_t)16 << 20)

struct ring_copy {
	size_t start; /* of the first whole entry in bytes */
	size_t end;
	unsigned char *bytes;

	void *reserved; /* of a frozen one, or a large plain one */
	size_t reserved_bytes;

	/* of a frozen one */
	char *map; /* in what is reserved, at a multiple of a piece */
	size_t piece_bytes;
	uint64_t position;      /* of bytes[0] */
	uint64_t consumed;      /* the reader writes: position that it is behind of */
	uint64_t given_back;    /* the reader's own: position up to which memory was */
	uint64_t saved;         /* the writer's own: position up to which it was */
	struct ring *ring;      /* the writer's own; NULL where it is gone */
	struct ring_copy *next; /* the writer's own */
};

/* The first multiple of a piece at or after an address. */
static char *align_up(void *address, size_t piece_bytes)
{
	const uintptr_t mask = piece_bytes - 1;

	return (char *)address + (-(uintptr_t)address & mask);
}

/* Huge pages for what is large: to fault small ones in takes twenty times as long as the copy. */
static int make_room(const struct ring *ring, struct ring_copy *copy, size_t bytes)
{
	unsigned char *grown;
	void *reserved;

	if (copy->reserved)
		return 0;
	if (bytes < RING_LARGE_BYTES) {
		grown = realloc(copy->bytes, bytes ? bytes : 1);
		if (grown)
			copy->bytes = grown;
		return grown ? 0 : -ENOMEM;
	}
	reserved = mmap(NULL, ring->data_bytes + RING_HUGE_BYTES, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (reserved == MAP_FAILED)
		return -ENOMEM;
	free(copy->bytes);
	copy->reserved = reserved;
	copy->reserved_bytes = ring->data_bytes + RING_HUGE_BYTES;
	copy->bytes = (unsigned char *)align_up(reserved, RING_HUGE_BYTES);
	(void)madvise(copy->bytes, ring->data_bytes, MADV_HUGEPAGE);
	return 0;
}

/* 0, -EAGAIN where the writer has come by everything, or -ENOMEM. */
static int copy_once(const struct ring *ring, struct ring_copy *copy)
{
	const struct ring_head *shared = ring->head;
	uint64_t head, tail, tail_after;

	/* Acquire, from the store in ring__write(): all words below head are there, and the tail
	 * read next is none older than the one of that moment, so no more than a ring lies
	 * between. */
	head = barrier__load_acquire(&shared->head);
	tail = barrier__load_relaxed(&shared->tail);
	if (tail > head)
		return -EAGAIN;
	if ((head - tail > copy->end || !copy->bytes) && make_room(ring, copy, head - tail))
		return -ENOMEM;
	load_words(ring, tail, copy->bytes, head - tail);
	/* Orders the copy before the question; its pair is in make_room(). */
	barrier__fence_acquire();
	tail_after = barrier__load_relaxed(&shared->tail);
	copy->end = head - tail;
	copy->start = tail_after < head ? tail_after - tail : head - tail;
	return tail_after < head || head == tail ? 0 : -EAGAIN;
}

struct ring_copy *ring__copy(const struct ring *ring, uint64_t *ret_overwritten)
{
	struct ring_copy *copy = calloc(1, sizeof(*copy));
	struct ring_slot slot;
	int err;

	if (!copy)
		return NULL;
	for (int i = 0; i < RING_COPY_ATTEMPTS; i++) {
		err = copy_once(ring, copy);
		if (err != -EAGAIN)
			break;
	}
	if (err == -ENOMEM) {
		ring_copy__free(copy);
		errno = ENOMEM;
		return NULL;
	}
	if (copy->start < copy->end) {
		memcpy(&slot, copy->bytes + copy->start, sizeof(slot));
		*ret_overwritten = slot.events_before;
	} else {
		*ret_overwritten = barrier__load_relaxed(&ring->head->overwritten);
	}
	return copy;
}

/* ---- frozen ---- */

static size_t piece_of(const struct ring *ring)
{
	if (ring->data_bytes >= RING_LARGE_BYTES)
		return RING_HUGE_BYTES;
	/* never the same memory twice */
	return ring->data_bytes < RING_SAVE_BYTES ? ring->data_bytes : RING_SAVE_BYTES;
}

static int map_twice(const struct ring *ring, struct ring_copy *copy)
{
	const int flags = MREMAP_MAYMOVE | MREMAP_FIXED;
	const size_t bytes = ring->data_bytes;
	void *map;

	copy->piece_bytes = piece_of(ring);
	copy->reserved_bytes = 2 * bytes + copy->piece_bytes;
	map = mmap(NULL, copy->reserved_bytes, PROT_NONE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (map == MAP_FAILED)
		return -errno;
	copy->reserved = map;
	copy->map = align_up(map, copy->piece_bytes);
	/* an old size of 0: the same pages once more, mremap(2) */
	if (mremap(ring->words, 0, bytes, flags, copy->map) == MAP_FAILED ||
	    mremap(ring->words, 0, bytes, flags, copy->map + bytes) == MAP_FAILED)
		return -errno;
	return 0;
}

static uint64_t events_before(const struct ring *ring, uint64_t position)
{
	struct ring_slot slot;

	if (position == ring->head->head)
		return ring->head->events;
	load_words(ring, position, &slot, sizeof(slot));
	return slot.events_before;
}

struct ring_copy *ring__freeze_since(struct ring *ring, uint64_t position,
				     uint64_t *ret_events_before)
{
	const struct ring_head *head = ring->head;
	struct ring_copy *copy = calloc(1, sizeof(*copy));
	int err;

	if (!copy)
		return NULL;
	if (position < head->tail)
		position = head->tail;
	err = map_twice(ring, copy);
	if (err) {
		ring_copy__free(copy);
		errno = -err;
		return NULL;
	}
	copy->bytes = (unsigned char *)copy->map + position % ring->data_bytes;
	copy->end = head->head - position;
	copy->position = copy->consumed = copy->given_back = copy->saved = position;
	copy->ring = ring;
	copy->next = ring->frozen;
	ring->frozen = copy;
	*ret_events_before = events_before(ring, position);
	return copy;
}

struct ring_copy *ring__freeze(struct ring *ring, uint64_t *ret_overwritten)
{
	return ring__freeze_since(ring, 0, ret_overwritten);
}

static uint64_t position_at(const struct ring_copy *copy, const char *address)
{
	return copy->position + (uint64_t)(address - (const char *)copy->bytes);
}

/* The piece that a position is in. One that has the first or the last of what was frozen has
 * something beside it, which nobody reads. */
static char *piece_at(const struct ring_copy *copy, uint64_t position)
{
	size_t at = (size_t)((char *)copy->bytes - copy->map) + (position - copy->position);

	return copy->map + at / copy->piece_bytes * copy->piece_bytes;
}

/* Memory for a piece; MAP_FAILED with errno. */
static char *new_piece(size_t bytes)
{
	char *reserved, *piece;

	if (bytes < RING_HUGE_BYTES)
		return mmap(NULL, bytes, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	reserved =
		mmap(NULL, 2 * bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (reserved == MAP_FAILED)
		return reserved;
	piece = align_up(reserved, bytes);
	if (piece > reserved)
		(void)munmap(reserved, (size_t)(piece - reserved));
	(void)munmap(piece + bytes, (size_t)(reserved + bytes - piece));
	(void)madvise(piece, bytes, MADV_HUGEPAGE);
	return piece;
}

/* From the file, where there is one: pages of ours that the reader has not touched would have to be
 * faulted in. */
static void fill(const struct ring_copy *copy, const char *from, char *to, size_t bytes)
{
	const struct ring *ring = copy->ring;
	off_t at = RING_HEAD_BYTES + (off_t)((size_t)(from - copy->map) % ring->data_bytes);

	if (ring->fd < 0 || pread(ring->fd, to, bytes, at) != (ssize_t)bytes)
		memcpy(to, from, bytes);
}

/* Puts a copy of that piece in its place. */
static int replace(const struct ring_copy *copy, char *piece)
{
	const size_t bytes = copy->piece_bytes;
	char *fresh = new_piece(bytes);
	int err;

	if (fresh == MAP_FAILED)
		return -errno;
	fill(copy, piece, fresh, bytes);
	if (mremap(fresh, bytes, bytes, MREMAP_MAYMOVE | MREMAP_FIXED, piece) != MAP_FAILED)
		return 0;
	err = -errno;
	(void)munmap(fresh, bytes);
	return err;
}

static int save_one(struct ring_copy *copy, uint64_t new_tail)
{
	const uint64_t end = copy->position + copy->end;

	while (copy->saved < new_tail && copy->saved < end) {
		char *piece = piece_at(copy, copy->saved);
		uint64_t to = position_at(copy, piece + copy->piece_bytes);
		int err = 0;

		if (to > end)
			to = end;
		/* Acquire, from ring_copy__consumed(): the reader has done with what is before. */
		if (barrier__load_acquire(&copy->consumed) < to)
			err = replace(copy, piece);
		if (err)
			return err;
		copy->saved = to;
	}
	return 0;
}

int ring_copy__save(struct ring_copy *frozen, uint64_t new_tail)
{
	int err = 0;

	for (; frozen && !err; frozen = frozen->next)
		err = save_one(frozen, new_tail);
	return err;
}

void ring_copy__orphan(struct ring_copy *frozen)
{
	for (; frozen; frozen = frozen->next)
		frozen->ring = NULL;
}

void ring_copy__consumed(struct ring_copy *copy, const struct ring_entry *next)
{
	const unsigned char *slot = (const unsigned char *)next - offsetof(struct ring_slot, entry);
	uint64_t position = copy->position + (uint64_t)(slot - copy->bytes);
	char *from, *to;

	if (!copy->map)
		return;
	from = piece_at(copy, copy->given_back);
	to = piece_at(copy, position); /* it is still read from */
	if (from == to)
		return;
	/* Protects what the reader has read; its pair is in save_one(). */
	barrier__store_release(&copy->consumed, position_at(copy, to));
	(void)madvise(from, (size_t)(to - from), MADV_DONTNEED);
	copy->given_back = position_at(copy, to);
}

static void unlist(struct ring_copy *copy)
{
	struct ring_copy **at;

	if (!copy->ring)
		return;
	for (at = &copy->ring->frozen; *at != copy; at = &(*at)->next)
		continue;
	*at = copy->next;
}

void ring_copy__free(struct ring_copy *copy)
{
	if (!copy)
		return;
	unlist(copy);
	if (copy->reserved)
		(void)munmap(copy->reserved, copy->reserved_bytes);
	else
		free(copy->bytes);
	free(copy);
}

/* ---- both ---- */

const struct ring_entry *ring_copy__next(const struct ring_copy *copy, size_t *cursor)
{
	size_t at = *cursor > copy->start ? *cursor : copy->start;
	const struct ring_slot *slot;

	if (copy->end - at < sizeof(*slot))
		return NULL;
	slot = (const struct ring_slot *)(copy->bytes + at);
	if (slot_bytes(&slot->entry) > copy->end - at)
		return NULL;
	*cursor = at + slot_bytes(&slot->entry);
	return &slot->entry;
}

uint64_t ring_copy__events(const struct ring_copy *copy)
{
	const struct ring_entry *entry;
	uint64_t events = 0;
	size_t cursor = 0;

	while ((entry = ring_copy__next(copy, &cursor)))
		events += entry->events;
	return events;
}
