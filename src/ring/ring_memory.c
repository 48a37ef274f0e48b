/* SPDX-License-Identifier: MIT */
/*
 * Memory of a ring without a file comes with the first touch: then only the budget can refuse.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "barrier.h"
#include "prefault.h"
#include "ring_budget.h"
#include "ring_layout.h"
#include "ring_memory.h"

/* In a step. */
#define STEP_EXTENTS (RING_STEP_BYTES / RING_EXTENT_BYTES)

static size_t extent_cnt(const struct ring *ring)
{
	return ring->data_bytes / RING_EXTENT_BYTES;
}

static bool is_backed(const struct ring *ring, size_t extent)
{
	return ring->backed[extent / 64] >> extent % 64 & 1;
}

static void set_backed(struct ring *ring, size_t extent, bool backed)
{
	const uint64_t bit = (uint64_t)1 << extent % 64;

	if (backed)
		ring->backed[extent / 64] |= bit;
	else
		ring->backed[extent / 64] &= ~bit;
}

/* Takes over what `prefault` has allocated. What both had allocated was paid twice. */
static void absorb(struct ring *ring)
{
	/* Acquire, from allocate() in prefault.c: memory that it has allocated is there. */
	const uint64_t end = barrier__load_acquire(&ring->prefault_bytes);
	const uint64_t taken = barrier__load_relaxed(&ring->prefault_taken_bytes);
	uint64_t paid = taken - ring->absorbed_bytes;

	if (!paid)
		return;
	for (size_t extent = ring->absorbed_to / RING_EXTENT_BYTES;
	     extent < end / RING_EXTENT_BYTES; extent++) {
		if (is_backed(ring, extent))
			continue;
		set_backed(ring, extent, true);
		ring->held_bytes += RING_EXTENT_BYTES;
		paid -= RING_EXTENT_BYTES;
	}
	ring_budget__give(ring->budget, paid);
	ring->absorbed_bytes = taken;
	ring->absorbed_to = end;
}

/* Asked first, because fallocate(2) tries hard before it fails. */
static bool has_room(const struct ring *ring, uint64_t bytes)
{
	struct statfs fs;

	/* no blocks: no limit */
	return fstatfs(ring->fd, &fs) || !fs.f_blocks ||
	       fs.f_bavail * (uint64_t)fs.f_bsize >= bytes;
}

/* For the file. */
static int allocate(const struct ring *ring, uint64_t from, uint64_t bytes)
{
	if (ring->fd < 0)
		return 0;
	if (!has_room(ring, bytes))
		return -ENOSPC;
	/* a file system without fallocate(2) allocates in its own way */
	return fallocate(ring->fd, 0, (off_t)from, (off_t)bytes) && errno != EOPNOTSUPP ? -errno
											: 0;
}

/* The oldest extent that the entry to be written next does not touch: it comes after the slot of a
 * gap at the head. */
static uint64_t oldest_extent(const struct ring *ring)
{
	return (ring->head->head + sizeof(struct ring_slot) - 1) / RING_EXTENT_BYTES + 1;
}

/* Whether it has more than it needs, and no frozen copy of it is read. */
static bool can_drop(const struct ring *ring)
{
	const uint64_t first = ring->head->head / RING_EXTENT_BYTES, end = oldest_extent(ring);
	const size_t floor = ring->floor_bytes / RING_EXTENT_BYTES;
	uint64_t kept_bytes = RING_MEMORY_HEAD_BYTES + ring->floor_bytes;

	for (uint64_t at = first; at < end; at++) {
		const size_t extent = at % extent_cnt(ring);

		if (extent >= floor && is_backed(ring, extent))
			kept_bytes += RING_EXTENT_BYTES;
	}
	return !ring->frozen && ring->held_bytes > kept_bytes;
}

static int punch(struct ring *ring, size_t extent)
{
	void *at = (char *)ring->words + extent * RING_EXTENT_BYTES;

	return madvise(at, RING_EXTENT_BYTES, MADV_REMOVE) ? -errno : 0;
}

/* Gives the oldest memory up. Returns how much: `bytes` or more, or all that it can. */
static uint64_t drop(struct ring *ring, uint64_t bytes)
{
	const size_t cnt = extent_cnt(ring);
	const uint64_t head = ring->head->head;
	uint64_t at = oldest_extent(ring), dropped = 0;

	/* it would take memory again */
	prefault__remove(ring->prefault, ring);
	absorb(ring);
	for (; dropped < bytes && (at + 1) * RING_EXTENT_BYTES <= head + ring->data_bytes; at++) {
		const size_t extent = at % cnt;

		if (!is_backed(ring, extent) ||
		    (extent + 1) * RING_EXTENT_BYTES <= ring->floor_bytes)
			continue;
		ring__make_room(ring, (at + 1) * RING_EXTENT_BYTES);
		if (punch(ring, extent))
			break;
		set_backed(ring, extent, false);
		ring->held_bytes -= RING_EXTENT_BYTES;
		ring_budget__give(ring->budget, RING_EXTENT_BYTES);
		dropped += RING_EXTENT_BYTES;
	}
	return dropped;
}

/* The largest that can give something. */
static struct ring *find_largest(const struct ring_budget *budget)
{
	struct ring *largest = NULL;

	for (struct ring *ring = ring_budget__first(budget); ring; ring = ring->budget_next) {
		if (can_drop(ring) && (!largest || ring->held_bytes > largest->held_bytes))
			largest = ring;
	}
	return largest;
}

/* After it has given `bytes`, it still has at least as much as the other ring. */
static bool is_larger(const struct ring *largest, uint64_t held_bytes, uint64_t bytes)
{
	return largest && largest->held_bytes >= held_bytes + 2 * bytes;
}

/* Whether a larger ring has given so much up, an extent at most, for the ring that asks. */
static bool take_over(const struct ring *ring, uint64_t bytes)
{
	struct ring *largest = ring->budget ? find_largest(ring->budget) : NULL;

	return is_larger(largest, ring->held_bytes, bytes) && drop(largest, bytes) >= bytes;
}

static int take(struct ring *ring, enum ring_budget_use use, uint64_t from, uint64_t bytes)
{
	int err;

	if (!ring_budget__take(ring->budget, use, bytes))
		return -ENOBUFS;
	err = allocate(ring, from, bytes);
	if (err)
		ring_budget__give(ring->budget, bytes);
	else
		ring->held_bytes += bytes;
	return err;
}

/* From the budget, or from a larger ring. */
static int take_hard(struct ring *ring, enum ring_budget_use use, uint64_t from, uint64_t bytes)
{
	int err = take(ring, use, from, bytes);

	while (err && take_over(ring, bytes))
		err = take(ring, use, from, bytes);
	return err;
}

static int grow(struct ring *ring, size_t extent)
{
	const uint64_t from = RING_HEAD_BYTES + extent * RING_EXTENT_BYTES;
	size_t end = extent + 1;
	int err = -ENOBUFS;

	while (end % STEP_EXTENTS && end < extent_cnt(ring) && !is_backed(ring, end))
		end++;
	if (end > extent + 1)
		err = take(ring, RING_BUDGET_MORE, from, (end - extent) * RING_EXTENT_BYTES);
	if (err) {
		end = extent + 1;
		err = take_hard(ring, RING_BUDGET_MORE, from, RING_EXTENT_BYTES);
	}
	if (err)
		return err;
	for (; extent < end; extent++)
		set_backed(ring, extent, true);
	return 0;
}

/* From the data area's beginning. */
static int raise_floor(struct ring *ring, size_t bytes)
{
	int err = 0;

	if (bytes > ring->data_bytes)
		bytes = ring->data_bytes;
	bytes = (bytes + RING_EXTENT_BYTES - 1) / RING_EXTENT_BYTES * RING_EXTENT_BYTES;
	for (size_t extent = 0; !err && extent < bytes / RING_EXTENT_BYTES; extent++) {
		if (!is_backed(ring, extent))
			err = take_hard(ring, RING_BUDGET_BEGIN,
					RING_HEAD_BYTES + extent * RING_EXTENT_BYTES,
					RING_EXTENT_BYTES);
		if (!err)
			set_backed(ring, extent, true);
	}
	if (!err)
		ring->floor_bytes = bytes;
	return err;
}

static int make_bits(struct ring *ring)
{
	ring->backed = calloc(extent_cnt(ring) / 64 + 1, sizeof(*ring->backed));
	return ring->backed ? 0 : -ENOMEM;
}

int ring_memory__begin(struct ring *ring)
{
	int err = make_bits(ring);

	if (!err)
		err = take_hard(ring, RING_BUDGET_BEGIN, 0, RING_MEMORY_HEAD_BYTES);
	return err ? err : raise_floor(ring, RING_MEMORY_FLOOR_BYTES);
}

int ring_memory__find(struct ring *ring)
{
	int err = make_bits(ring);
	off_t hole;

	for (size_t extent = 0; !err && extent < extent_cnt(ring); extent++) {
		const off_t at = (off_t)(RING_HEAD_BYTES + extent * RING_EXTENT_BYTES);

		hole = lseek(ring->fd, at, SEEK_HOLE);
		if (hole >= at + (off_t)RING_EXTENT_BYTES)
			set_backed(ring, extent, true);
	}
	return err;
}

void ring_memory__end(struct ring *ring)
{
	if (ring->backed)
		absorb(ring);
	ring_budget__give(ring->budget, ring->held_bytes);
	ring->held_bytes = 0;
	free(ring->backed);
}

bool ring_memory__ask(struct ring *ring, uint64_t position, size_t bytes, uint64_t *ret_next)
{
	const size_t cnt = extent_cnt(ring);
	const uint64_t last = (position + bytes - 1) / RING_EXTENT_BYTES;
	uint64_t at;

	for (at = position / RING_EXTENT_BYTES; at <= last; at++) {
		if (is_backed(ring, at % cnt))
			continue;
		absorb(ring);
		if (!is_backed(ring, at % cnt) && grow(ring, at % cnt))
			break;
	}
	if (at > last)
		return true;
	/* the floor has memory, so this ends */
	do {
		at++;
	} while (!is_backed(ring, at % cnt) && at % cnt);
	*ret_next = at * RING_EXTENT_BYTES;
	return false;
}

void ring_memory__fit(struct ring *ring, size_t entry_bytes)
{
	const size_t bytes = 2 * entry_bytes + sizeof(struct ring_slot);

	/* if there is no memory for that, the entry may fit all the same */
	if (bytes > ring->floor_bytes && ring->floor_bytes < ring->data_bytes)
		(void)raise_floor(ring, bytes);
}

bool ring_memory__may_begin(struct ring_budget *budget)
{
	return ring_budget__fits(budget, RING_MEMORY_MIN_BYTES) ||
	       is_larger(find_largest(budget), RING_MEMORY_MIN_BYTES, RING_EXTENT_BYTES);
}
