/* SPDX-License-Identifier: MIT */
/*
 * The flight ring: see ring.h for what it is and which calls may run at once, ring_layout.h for
 * what is in the file, ring_memory.h for what memory it has.
 *
 * Both sides copy words as relaxed atomics of 8 bytes: a reader copies entries that the writer may
 * be overwriting (it finds out afterwards), and plain copies would be a data race.
 *
 * Large entries go into the file by write(2), which uses the kernel's own mapping of the page
 * cache. Through our mapping, the first touch of each page costs a fault, even if the page is
 * there: 4 us if a hypervisor keeps the page tables. For small entries the call would cost more.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "barrier.h"
#include "prefault.h"
#include "ring.h"
#include "ring_budget.h"
#include "ring_layout.h"
#include "ring_memory.h"

#define RING_MAX_BYTES ((size_t)1 << 40)

/* An entry of so many bytes or more is written by write(2). */
#define RING_CALL_BYTES ((size_t)4 << 10)

static size_t round_size(size_t bytes)
{
	size_t size = RING_MIN_BYTES;

	while (size < bytes)
		size *= 2;
	return size;
}

static int open_new(struct ring *ring, const char *path, size_t file_bytes)
{
	ring->fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (ring->fd < 0)
		return -errno;
	ring->path = strdup(path);
	if (!ring->path) {
		(void)unlink(path);
		return -ENOMEM;
	}
	return ftruncate(ring->fd, (off_t)file_bytes) ? -errno : 0;
}

/* Without a file it is shared, too: only that can be mapped once more. */
static int map(struct ring *ring, size_t file_bytes)
{
	int flags = ring->fd >= 0 ? MAP_SHARED : MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE;
	void *mapped = mmap(NULL, file_bytes, PROT_READ | PROT_WRITE, flags, ring->fd, 0);

	if (mapped == MAP_FAILED)
		return -errno;
	ring->head = mapped;
	ring->data_bytes = file_bytes - RING_HEAD_BYTES;
	ring->words = (uint64_t *)((char *)mapped + RING_HEAD_BYTES);
	ring->word_mask = ring->data_bytes / sizeof(uint64_t) - 1;
	return 0;
}

struct ring *ring__new(const char *path, size_t data_bytes)
{
	return ring__new_within(NULL, path, data_bytes);
}

struct ring *ring__new_within(struct ring_budget *budget, const char *path, size_t data_bytes)
{
	struct ring *ring;
	size_t file_bytes;
	int err;

	if (data_bytes > RING_MAX_BYTES) {
		errno = EINVAL;
		return NULL;
	}
	ring = calloc(1, sizeof(*ring));
	if (!ring)
		return NULL;
	file_bytes = RING_HEAD_BYTES + round_size(data_bytes);
	ring->fd = -1;
	ring->ask_at = UINT64_MAX;
	ring_budget__add(budget, ring);
	err = path ? open_new(ring, path, file_bytes) : 0;
	if (!err)
		err = map(ring, file_bytes);
	if (!err)
		err = ring_memory__begin(ring);
	if (err) {
		ring__free(ring);
		errno = -err;
		return NULL;
	}
	ring->head->version = RING_VERSION;
	ring->head->head_bytes = RING_HEAD_BYTES;
	ring->head->data_bytes = ring->data_bytes;
	ring->head->writer_pid = (uint32_t)getpid();
	/* Last: a file with the magic is a ring. Its pair is in is_whole(). */
	barrier__store_release(&ring->head->magic, RING_MAGIC);
	return ring;
}

void ring__free(struct ring *ring)
{
	if (!ring)
		return;
	if (ring->path)
		(void)unlink(ring->path);
	if (ring->frozen) {
		ring__leave(ring);
		ring->is_left = true;
		return;
	}
	ring_memory__end(ring);
	ring_budget__remove(ring->budget, ring);
	if (ring->fd >= 0)
		(void)close(ring->fd);
	if (ring->head)
		(void)munmap(ring->head, RING_HEAD_BYTES + ring->data_bytes);
	free(ring->path);
	free(ring);
}

bool ring__has_file(const struct ring *ring)
{
	return ring->path;
}

void ring__leave(struct ring *ring)
{
	free(ring->path);
	ring->path = NULL;
}

static void store_words(struct ring *ring, uint64_t position, const void *source, size_t bytes)
{
	const unsigned char *from = source;
	uint64_t at = position / sizeof(uint64_t), word;

	for (; bytes >= sizeof(word); bytes -= sizeof(word), from += sizeof(word), at++) {
		memcpy(&word, from, sizeof(word));
		barrier__store_relaxed(&ring->words[at & ring->word_mask], word);
	}
	if (bytes) {
		word = 0;
		memcpy(&word, from, bytes);
		barrier__store_relaxed(&ring->words[at & ring->word_mask], word);
	}
}

/* Whether all of it was written. A reader may see half of a word, but only in an entry that is not
 * there yet, or in one that is gone. */
static bool write_file(const struct ring *ring, uint64_t position, const struct ring_slot *slot,
		       const void *records)
{
	static const char padding[sizeof(uint64_t)];
	const size_t bytes = slot_bytes(&slot->entry);
	const uint64_t at = position & (ring->data_bytes - 1);
	const struct iovec parts[] = {
		{ .iov_base = (void *)slot, .iov_len = sizeof(*slot) },
		{ .iov_base = (void *)records, .iov_len = slot->entry.bytes },
		{ .iov_base = (void *)padding, .iov_len = -slot->entry.bytes % sizeof(padding) },
	};

	if (ring->fd < 0 || bytes < RING_CALL_BYTES || at + bytes > ring->data_bytes)
		return false;
	return pwritev(ring->fd, parts, 3, (off_t)(RING_HEAD_BYTES + at)) == (ssize_t)bytes;
}

static void store_entry(struct ring *ring, uint64_t position, const struct ring_slot *slot,
			const void *records)
{
	if (write_file(ring, position, slot, records))
		return;
	store_words(ring, position, slot, sizeof(*slot));
	store_words(ring, position + sizeof(*slot), records, slot->entry.bytes);
}

/* ---- a file that another collector has written ---- */

static bool is_whole(const struct ring_head *head, uint64_t file_bytes)
{
	uint64_t size = head->data_bytes;

	/* Acquire, from ring__new(): with the magic the rest is there. */
	return barrier__load_acquire(&head->magic) == RING_MAGIC && head->version >= RING_OLDEST &&
	       head->version <= RING_VERSION && head->head_bytes == RING_HEAD_BYTES &&
	       size >= RING_MIN_BYTES && size <= RING_MAX_BYTES && !(size & (size - 1)) &&
	       file_bytes == RING_HEAD_BYTES + size && head->tail <= head->head &&
	       head->head - head->tail <= size && !(head->tail % sizeof(uint64_t)) &&
	       !(head->head % sizeof(uint64_t));
}

/* Takes the counts from the entries: the writer may have died after it had counted an entry and
 * before the entry was there, or after it had given an entry up. */
static int repair(struct ring *ring)
{
	struct ring_head *head = ring->head;
	uint64_t at = head->tail;
	struct ring_slot slot;
	bool is_first = true;

	if (head->tail == head->head) {
		head->events = head->overwritten;
		head->alone_events = 0;
		return 0;
	}
	while (at < head->head) {
		load_words(ring, at, &slot, sizeof(slot));
		if (slot_bytes(&slot.entry) > head->head - at)
			return -EBADMSG;
		if (is_first)
			head->overwritten = slot.events_before;
		is_first = false;
		at += slot_bytes(&slot.entry);
	}
	head->events = slot.events_before + slot.entry.events;
	head->alone_events = slot.alone_before + (slot.entry.seq ? 0 : slot.entry.events);
	return 0;
}

static int open_file(struct ring *ring, const char *path)
{
	struct stat status;
	int err;

	ring->fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (ring->fd < 0 || fstat(ring->fd, &status))
		return -errno;
	if (!S_ISREG(status.st_mode) || status.st_size <= (off_t)RING_HEAD_BYTES)
		return -EBADMSG;
	err = map(ring, (size_t)status.st_size);
	if (err)
		return err;
	if (!is_whole(ring->head, (uint64_t)status.st_size))
		return -EBADMSG;
	err = repair(ring);
	return err ? err : ring_memory__find(ring);
}

struct ring *ring__open(const char *path)
{
	struct ring *ring = calloc(1, sizeof(*ring));
	int err;

	if (!ring)
		return NULL;
	ring->ask_at = UINT64_MAX;
	err = open_file(ring, path);
	if (!err)
		ring->path = strdup(path);
	if (!err && !ring->path)
		err = -ENOMEM;
	if (!err) {
		/* entries that are written from now on have all that this version has */
		ring->head->version = RING_VERSION;
		return ring;
	}
	ring__free(ring);
	errno = -err;
	return NULL;
}

void ring__make_room(struct ring *ring, uint64_t end)
{
	struct ring_head *head = ring->head;
	uint64_t overwritten = head->overwritten;
	uint64_t tail = head->tail;
	struct ring_slot slot;

	if (end - tail <= ring->data_bytes)
		return;
	do {
		load_words(ring, tail, &slot, sizeof(slot));
		tail += slot_bytes(&slot.entry);
		overwritten += slot.entry.events;
	} while (end - tail > ring->data_bytes);
	barrier__store_relaxed(&head->overwritten, overwritten);
	barrier__store_relaxed(&head->tail, tail);
	/* Orders the tail before the words that overwrite: a writer that is killed in between leaves
	 * a file in which all from tail on is whole. */
	barrier__fence_release();
}

/* The next position for an entry, past what frozen copies keep and where there is no memory. After
 * it there is room for the slot of a gap, because the next entry may have to go further. */
static int find_room(struct ring *ring, size_t bytes, uint64_t *ret_position)
{
	const uint64_t head = ring->head->head;
	const size_t gap_bytes = sizeof(struct ring_slot);
	uint64_t position = head, next = head, end;
	int err = 0;

	for (;; position = next) {
		end = position + bytes;
		if (end - head > ring->data_bytes)
			return ring->frozen ? -ENOBUFS : -ENOSPC;
		if (!ring_memory__ask(ring, position, bytes + gap_bytes, &next))
			continue;
		if (!ring->frozen)
			break;
		err = ring_copy__release(ring->frozen, position, end + gap_bytes, &next);
		if (err != -EAGAIN)
			break;
	}
	/* the slot of the gap overwrites what lies at the head */
	if (!err && ring->frozen && position != head)
		err = ring_copy__release(ring->frozen, head, head + gap_bytes, &next);
	if (!err)
		*ret_position = position;
	return err == -EAGAIN ? -ENOBUFS : err;
}

static void leave_gap(struct ring *ring, uint64_t end)
{
	struct ring_head *head = ring->head;
	const struct ring_slot slot = {
		.events_before = head->events,
		.alone_before = head->alone_events,
		.entry = { .bytes = RING_GAP, .seq = end - head->head - sizeof(slot) },
	};

	store_words(ring, head->head, &slot, sizeof(slot));
	/* Protects the gap's slot, as in ring__write(). */
	barrier__store_release(&head->head, end);
}

/* Room for an entry at the ring's head. */
static int prepare(struct ring *ring, size_t bytes)
{
	struct ring_head *head = ring->head;
	uint64_t position;
	int err;

	ring_memory__fit(ring, bytes);
	err = find_room(ring, bytes, &position);
	if (err)
		return err;
	ring__make_room(ring, position + bytes);
	if (position != head->head)
		leave_gap(ring, position);
	return 0;
}

int ring__write(struct ring *ring, const struct ring_entry *entry, const void *records)
{
	struct ring_head *head = ring->head;
	const size_t bytes = slot_bytes(entry);
	const struct ring_slot slot = {
		.events_before = head->events,
		.alone_before = head->alone_events,
		.entry = *entry,
	};
	int err;

	if (bytes > ring->data_bytes / 2 || bytes > RING_ENTRY_MAX_BYTES)
		return -EMSGSIZE;
	if (head->head + bytes > ring->ask_at)
		prefault__ask(ring, head->head + bytes);
	err = prepare(ring, bytes);
	if (err)
		return err;
	store_entry(ring, head->head, &slot, records);
	head->events += entry->events;
	head->alone_events += entry->seq ? 0 : entry->events;
	/* Protects the words just written, in the file of a writer that is killed, and the tail; its
	 * pair is in ring__used_bytes(). */
	barrier__store_release(&head->head, head->head + bytes);
	return 0;
}

uint64_t ring__events(const struct ring *ring)
{
	return ring->head->events;
}

uint64_t ring__alone_events(const struct ring *ring)
{
	return ring->head->alone_events;
}

uint64_t ring__overwritten(const struct ring *ring)
{
	return barrier__load_relaxed(&ring->head->overwritten);
}

uint64_t ring__data_bytes(const struct ring *ring)
{
	return ring->data_bytes;
}

uint64_t ring__used_bytes(const struct ring *ring)
{
	/* Acquire, from the store in ring__write(): the tail read next is none older than that
	 * head's. */
	uint64_t head = barrier__load_acquire(&ring->head->head);
	uint64_t tail = barrier__load_relaxed(&ring->head->tail);

	/* Where the writer has gone on by more than a ring in between, the ring is full. */
	return tail <= head ? head - tail : ring->data_bytes;
}

uint64_t ring__written_bytes(const struct ring *ring)
{
	return barrier__load_relaxed(&ring->head->head);
}
