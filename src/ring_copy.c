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
 * the reader's CPU, 3 us, against 0.2 us a page for moving a large piece into place.
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

/* The writer saves so much at once, and the reader gives back so much at once. */
#define RING_SAVE_BYTES ((size_t)1 << 19)

struct ring_copy {
	size_t start; /* of the first whole entry in bytes */
	size_t end;
	unsigned char *bytes;

	/* of a frozen one */
	void *map;
	size_t map_bytes;
	uint64_t position;      /* of bytes[0] */
	uint64_t consumed;      /* the reader writes: position that it is behind of */
	uint64_t given_back;    /* the reader's own: position up to which memory was */
	uint64_t saved;         /* the writer's own: position up to which it was */
	struct ring *ring;      /* the writer's own; NULL where it is gone */
	struct ring_copy *next; /* the writer's own */
};

/* 0, -EAGAIN where the writer has come by everything, or -ENOMEM. */
static int copy_once(const struct ring *ring, struct ring_copy *copy)
{
	const struct ring_head *shared = ring->head;
	uint64_t head, tail, tail_after;
	unsigned char *bytes;

	/* Acquire, from the store in ring__write(): all words below head are there, and the tail
	 * read next is none older than the one of that moment, so no more than a ring lies
	 * between. */
	head = barrier__load_acquire(&shared->head);
	tail = barrier__load_relaxed(&shared->tail);
	if (tail > head)
		return -EAGAIN;
	if (head - tail > copy->end || !copy->bytes) {
		bytes = realloc(copy->bytes, head - tail ? head - tail : 1);
		if (!bytes)
			return -ENOMEM;
		copy->bytes = bytes;
	}
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

static int map_twice(const struct ring *ring, struct ring_copy *copy)
{
	const int flags = MREMAP_MAYMOVE | MREMAP_FIXED;
	const size_t bytes = ring->data_bytes;
	char *map;

	map = mmap(NULL, 2 * bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (map == MAP_FAILED)
		return -errno;
	copy->map = map;
	copy->map_bytes = 2 * bytes;
	/* an old size of 0: the same pages once more, mremap(2) */
	if (mremap(ring->words, 0, bytes, flags, map) == MAP_FAILED ||
	    mremap(ring->words, 0, bytes, flags, map + bytes) == MAP_FAILED)
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

/* The whole pages that have something of those positions, or only of those. */
static char *pages_of(const struct ring_copy *copy, uint64_t from, uint64_t to, size_t *ret_bytes)
{
	const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	uintptr_t begin = (uintptr_t)copy->bytes + (from - copy->position);
	uintptr_t end = (uintptr_t)copy->bytes + (to - copy->position);

	begin &= ~(page - 1);
	end = (end + page - 1) & ~(page - 1);
	*ret_bytes = end - begin;
	return (char *)begin;
}

/* Puts a copy of those pages in their place. */
static int replace(char *pages, size_t bytes)
{
	void *fresh = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	int err;

	if (fresh == MAP_FAILED)
		return -errno;
	memcpy(fresh, pages, bytes);
	if (mremap(fresh, bytes, bytes, MREMAP_MAYMOVE | MREMAP_FIXED, pages) != MAP_FAILED)
		return 0;
	err = -errno;
	(void)munmap(fresh, bytes);
	return err;
}

static int save_one(struct ring_copy *copy, uint64_t new_tail)
{
	const uint64_t end = copy->position + copy->end;

	while (copy->saved < new_tail && copy->saved < end) {
		uint64_t to = copy->saved + RING_SAVE_BYTES < end ? copy->saved + RING_SAVE_BYTES
								  : end;
		size_t bytes;
		char *pages = pages_of(copy, copy->saved, to, &bytes);
		int err = 0;

		/* Acquire, from ring_copy__consumed(): the reader has done with what is before. */
		if (barrier__load_acquire(&copy->consumed) < to)
			err = replace(pages, bytes);
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
	size_t bytes;
	char *pages;

	if (!copy->map || position < copy->given_back + RING_SAVE_BYTES)
		return;
	/* Protects what the reader has read; its pair is in save_one(). */
	barrier__store_release(&copy->consumed, position);
	pages = pages_of(copy, copy->given_back, position, &bytes);
	/* the last page is still read from */
	bytes -= bytes ? (size_t)sysconf(_SC_PAGESIZE) : 0;
	(void)madvise(pages, bytes, MADV_DONTNEED);
	copy->given_back = position;
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
	if (copy->map)
		(void)munmap(copy->map, copy->map_bytes);
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
