/* SPDX-License-Identifier: MIT */
/*
 * What a ring has at one moment, kept for a reader: see ring.h.
 *
 * A copy is a promise: the reader reads the ring's file, and the writer saves each piece that the
 * reader is not done with before it overwrites it. The reader reads first and then asks whether the
 * piece was saved meanwhile (barrier.h: retract), so neither waits for the other.
 *
 * A copy saves RING_SAVE_MAX_BYTES at most. Beyond that the writer skips the pieces that a copy
 * keeps: ring.c leaves a gap in the ring. So a copy stays whole and memory stays bounded, however
 * long the reader takes; the ring reaches back less far meanwhile.
 *
 * The reader reads by pread(2) into memory that it has touched before, never through a mapping of
 * the ring: if a hypervisor keeps the page tables, the first touch of a page of 4 KiB takes 4 to
 * 13 us, or 200 ms for 64 MiB that pread() reads in 10. What is saved uses huge pages for the same
 * reason: the drain thread would lose events while it saves.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "barrier.h"
#include "ring.h"
#include "ring_layout.h"

/* The writer saves so much at a time. */
#define RING_PIECE_BYTES ((size_t)512 << 10)
#define RING_SLOTS       (RING_SAVE_MAX_BYTES / RING_PIECE_BYTES)

/* Pieces that one entry overwrites: two, or three with the slot of a gap after it. Each may hold
 * both the first and the last piece of a copy. */
#define NEEDED_MAX 6

#define RING_HUGE_BYTES ((size_t)2 << 20)

/* Saved pieces are in slots, which are used again. The writer's own. */
struct saved {
	unsigned char *slots; /* NULL until there is something to save */
	void *reserved;
	size_t reserved_bytes;
	uint64_t needed_to[RING_SLOTS]; /* the position up to which what is in the slot is needed */
};

struct ring_copy {
	size_t start; /* the first entry to be read */
	size_t end;
	size_t place; /* of the entry that ring_copy__next() gave last */

	unsigned char *bytes;        /* a buffer of ring_copy__next() */
	size_t bytes_from, bytes_to; /* the part of the copy that is in it */
	size_t capacity;

	struct ring *ring;
	uint64_t position;      /* of the copy's first byte */
	uint64_t consumed;      /* the reader writes: it needs nothing before this position */
	unsigned char **pieces; /* the writer writes: for each piece that the copy lies in, where it
				 * was saved; a piece that holds its start and its end is there
				 * twice */
	struct saved saved;
	struct ring_copy *next; /* the writer's own */
};

/* Any bytes, not only whole words. */
static void load_bytes(const struct ring *ring, uint64_t position, void *to, size_t bytes)
{
	unsigned char *at = to, word[sizeof(uint64_t)];
	size_t part;

	for (; bytes; bytes -= part, at += part, position += part) {
		const size_t skipped = position % sizeof(word);

		part = sizeof(word) - skipped < bytes ? sizeof(word) - skipped : bytes;
		load_words(ring, position, word, sizeof(word));
		memcpy(at, word + skipped, part);
	}
}

/* Called by the writer, and by readers that the writer may overtake. A file is never read through
 * the mapping: to read there takes memory if the page has none. */
static void read_ring(const struct ring *ring, uint64_t position, void *to, size_t bytes)
{
	const size_t at = position & (ring->data_bytes - 1);
	const size_t first = ring->data_bytes - at < bytes ? ring->data_bytes - at : bytes;

	if (ring->fd >= 0 &&
	    pread(ring->fd, to, first, (off_t)(RING_HEAD_BYTES + at)) == (ssize_t)first &&
	    (bytes == first || pread(ring->fd, (char *)to + first, bytes - first,
				     RING_HEAD_BYTES) == (ssize_t)(bytes - first)))
		return;
	load_bytes(ring, position, to, bytes);
}

/* ---- the writer's side ---- */

static size_t piece_bytes_of(const struct ring *ring)
{
	return ring->data_bytes < RING_PIECE_BYTES ? ring->data_bytes : RING_PIECE_BYTES;
}

/* Which of the copy's pieces a position is in. */
static size_t piece_at(const struct ring_copy *copy, uint64_t position)
{
	const size_t bytes = piece_bytes_of(copy->ring);

	return position / bytes - copy->position / bytes;
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

	if (!copy)
		return NULL;
	if (position < head->tail)
		position = head->tail;
	copy->ring = ring;
	copy->end = head->head - position;
	copy->position = copy->consumed = position;
	copy->capacity = copy->end < RING_ENTRY_MAX_BYTES ? copy->end : RING_ENTRY_MAX_BYTES;
	copy->bytes = malloc(copy->capacity ? copy->capacity : 1);
	copy->pieces = calloc(piece_at(copy, head->head) + 1, sizeof(*copy->pieces));
	if (!copy->bytes || !copy->pieces) {
		copy->ring = NULL;
		ring_copy__free(copy);
		errno = ENOMEM;
		return NULL;
	}
	copy->next = ring->frozen;
	ring->frozen = copy;
	*ret_events_before = events_before(ring, position);
	return copy;
}

struct ring_copy *ring__freeze(struct ring *ring, uint64_t *ret_overwritten)
{
	return ring__freeze_since(ring, 0, ret_overwritten);
}

/* In huge pages, if there are any. */
static int reserve_slots(struct saved *saved, const struct ring *ring)
{
	const size_t bytes = piece_bytes_of(ring) * RING_SLOTS;
	void *reserved;

	if (saved->slots)
		return 0;
	reserved = mmap(NULL, bytes + RING_HUGE_BYTES, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (reserved == MAP_FAILED)
		return -ENOMEM;
	saved->reserved = reserved;
	saved->reserved_bytes = bytes + RING_HUGE_BYTES;
	saved->slots = (unsigned char *)reserved + (-(uintptr_t)reserved & (RING_HUGE_BYTES - 1));
	(void)madvise(saved->slots, bytes, MADV_HUGEPAGE);
	return 0;
}

/* Slots with nothing in them that the reader still needs. */
static size_t count_free(const struct saved *saved, uint64_t consumed)
{
	size_t cnt = 0;

	for (size_t i = 0; i < RING_SLOTS; i++)
		cnt += saved->needed_to[i] <= consumed;
	return cnt;
}

/* Saves the piece that a position is in, as far as the copy has it, into a free slot. */
static void save_piece(struct ring_copy *copy, uint64_t position, uint64_t consumed)
{
	const size_t bytes = piece_bytes_of(copy->ring);
	uint64_t from = position & ~(uint64_t)(bytes - 1), to = from + bytes;
	unsigned char *slot = copy->saved.slots;
	size_t number = 0;

	while (copy->saved.needed_to[number] > consumed)
		number++;
	slot += number * bytes;
	if (from < copy->position)
		from = copy->position;
	if (to > copy->position + copy->end)
		to = copy->position + copy->end;
	read_ring(copy->ring, from, slot + (from & (bytes - 1)), to - from);
	copy->saved.needed_to[number] = to;
	/* Protects what was saved; its pair is in read_piece(). */
	barrier__store_release(&copy->pieces[piece_at(copy, position)], slot);
}

/*
 * The pieces at [from, to) of the data that the reader still needs and that were not saved: a
 * position in each, and how many.
 *
 * In the copy, positions are less by multiples of the data's size. The copy is not longer than
 * that, so only its first and its last piece may be the same piece of the data.
 */
static size_t list_needed(const struct ring_copy *copy, uint64_t from, uint64_t to,
			  uint64_t consumed, uint64_t ret_positions[NEEDED_MAX])
{
	const uint64_t size = copy->ring->data_bytes, end = copy->position + copy->end;
	const size_t bytes = piece_bytes_of(copy->ring);
	const uint64_t back = from >= end ? (from - end) / size * size + size : 0;
	uint64_t piece_end;
	size_t cnt = 0;

	for (; from < to; from = piece_end) {
		piece_end = (from | (bytes - 1)) + 1;
		for (uint64_t lap = back; lap <= back + size && lap <= from; lap += size) {
			uint64_t at = from - lap, at_end = (piece_end < to ? piece_end : to) - lap;

			if (at < copy->position)
				at = copy->position;
			if (at_end > end)
				at_end = end;
			if (at < at_end && at_end > consumed && !copy->pieces[piece_at(copy, at)])
				ret_positions[cnt++] = at;
		}
	}
	return cnt;
}

/* does: saves; else only looks whether that can be done. */
static int release(struct ring_copy *copy, uint64_t from, uint64_t to, bool does)
{
	/* Acquire, from ring_copy__consumed(): the reader has done with what is before. */
	const uint64_t consumed = barrier__load_acquire(&copy->consumed);
	uint64_t positions[NEEDED_MAX];
	const size_t cnt = list_needed(copy, from, to, consumed, positions);

	if (cnt && reserve_slots(&copy->saved, copy->ring))
		return -ENOMEM;
	if (cnt > count_free(&copy->saved, consumed))
		return -EAGAIN;
	for (size_t i = 0; does && i < cnt; i++)
		save_piece(copy, positions[i], consumed);
	return 0;
}

/* All copies are asked first: a slot that is used in vain can't be used elsewhere. */
int ring_copy__release(struct ring_copy *frozen, uint64_t from, uint64_t to, uint64_t *ret_next)
{
	int err = 0;

	for (struct ring_copy *copy = frozen; copy && !err; copy = copy->next)
		err = release(copy, from, to, false);
	for (struct ring_copy *copy = frozen; copy && !err; copy = copy->next)
		err = release(copy, from, to, true);
	/* Orders what was saved before what overwrites; its pair is in read_piece(). */
	barrier__fence_release();
	*ret_next = (from | (piece_bytes_of(frozen->ring) - 1)) + 1;
	return err;
}

static void unlist(struct ring_copy *copy)
{
	struct ring *ring = copy->ring;
	struct ring_copy **at = &ring->frozen;

	for (; *at != copy; at = &(*at)->next)
		continue;
	*at = copy->next;
	if (ring->is_left && !ring->frozen)
		ring__free(ring);
}

void ring_copy__free(struct ring_copy *copy)
{
	if (!copy)
		return;
	if (copy->ring)
		unlist(copy);
	if (copy->saved.slots)
		(void)munmap(copy->saved.reserved, copy->saved.reserved_bytes);
	free(copy->bytes);
	free(copy->pieces);
	free(copy);
}

/* ---- the reader's side ---- */

/* Bytes of one piece. */
static void read_piece(const struct ring_copy *copy, uint64_t position, void *to, size_t bytes)
{
	const size_t in_piece = position & (piece_bytes_of(copy->ring) - 1);
	unsigned char *const *piece = &copy->pieces[piece_at(copy, position)];
	const unsigned char *slot = barrier__load_acquire(piece);

	if (!slot) {
		read_ring(copy->ring, position, to, bytes);
		/* Orders that before the question; its pair is in ring_copy__release(). */
		barrier__fence_acquire();
		slot = barrier__load_acquire(piece);
	}
	if (slot)
		memcpy(to, slot + in_piece, bytes);
}

void ring_copy__read(const struct ring_copy *copy, size_t place, void *to, size_t bytes)
{
	unsigned char *at = to;
	size_t part;

	for (; bytes; bytes -= part, at += part, place += part) {
		part = piece_bytes_of(copy->ring);
		part -= (copy->position + place) & (part - 1);
		if (part > bytes)
			part = bytes;
		read_piece(copy, copy->position + place, at, part);
	}
}

void ring_copy__consumed(struct ring_copy *copy, size_t place)
{
	/* Protects what the reader has read; its pair is in release(). */
	barrier__store_release(&copy->consumed, copy->position + place);
}

/* Those bytes of the copy. More is read at once, for the next calls. */
static const unsigned char *look(struct ring_copy *copy, size_t place, size_t bytes)
{
	if (place < copy->bytes_from || place + bytes > copy->bytes_to) {
		copy->bytes_from = place;
		copy->bytes_to = copy->end - place < copy->capacity ? copy->end
								    : place + copy->capacity;
		ring_copy__read(copy, place, copy->bytes, copy->bytes_to - place);
	}
	return copy->bytes + (place - copy->bytes_from);
}

const struct ring_entry *ring_copy__next(struct ring_copy *copy, size_t *cursor)
{
	size_t at = *cursor > copy->start ? *cursor : copy->start;
	struct ring_slot slot;
	size_t bytes;

	for (;; at += bytes) {
		if (copy->end - at < sizeof(slot))
			return NULL;
		memcpy(&slot, look(copy, at, sizeof(slot)), sizeof(slot));
		bytes = slot_bytes(&slot.entry);
		if (bytes > copy->end - at)
			return NULL;
		if (!is_gap(&slot.entry))
			break;
	}
	if (bytes > RING_ENTRY_MAX_BYTES)
		return NULL;
	*cursor = at + bytes;
	copy->place = at + offsetof(struct ring_slot, entry);
	return (const struct ring_entry *)(look(copy, at, bytes) +
					   offsetof(struct ring_slot, entry));
}

size_t ring_copy__place(const struct ring_copy *copy)
{
	return copy->place;
}

uint64_t ring_copy__keep_newest(struct ring_copy *copy, uint64_t events)
{
	const struct ring_entry *entry;
	uint64_t kept, left_out = 0;
	size_t cursor = 0;

	copy->start = 0;
	kept = ring_copy__events(copy);
	while (kept > events && (entry = ring_copy__next(copy, &cursor))) {
		kept -= entry->events;
		left_out += entry->events;
	}
	if (left_out)
		copy->start = cursor;
	return left_out;
}

uint64_t ring_copy__events(struct ring_copy *copy)
{
	const struct ring_entry *entry;
	uint64_t events = 0;
	size_t cursor = 0;

	while ((entry = ring_copy__next(copy, &cursor)))
		events += entry->events;
	return events;
}
