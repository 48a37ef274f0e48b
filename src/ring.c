/* SPDX-License-Identifier: MIT */
/*
 * The flight ring: see ring.h for what it is, and who may call what at once.
 *
 * The mapped file is one page of struct ring_head and a data area of a power of two. Positions
 * count bytes since the beginning and never wrap; the data of position p lies at p modulo the size.
 * Whole entries stand between tail and head. In the data, each is a word that counts the events
 * before it (struct ring_slot), the struct ring_entry, and the records padded to 8, so every
 * entry starts at a word, and one that crosses the end of the area goes on at its start.
 *
 * Invariants, at every moment, also for one who maps the file after the writer was killed:
 * - tail <= head <= tail + size, and both are at entry boundaries;
 * - what is between them is whole. The writer moves tail before it overwrites, and head after it
 *   has written.
 *
 * Words are copied as relaxed atomics of 8 bytes by both sides: a reader copies entries that the
 * writer may be overwriting (it finds out afterwards), and plain copies would be a data race.
 *
 * Pages that were never written take no memory. Memory is asked for in steps before it is written:
 * on a full tmpfs a write through the mapping would be a SIGBUS.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ttlog/abi.h"

#include "barrier.h"
#include "ring.h"

#define RING_MAGIC      0x474e49525f474c54u /* "TL_RING" */
#define RING_VERSION    2u
#define RING_HEAD_BYTES 4096u
#define RING_MAX_BYTES  ((size_t)1 << 40)

/* Memory of the file is asked for in steps of this size. */
#define RING_STEP_BYTES ((size_t)1 << 20)

/* How often a copy starts anew because the writer came by all that it had taken. */
#define RING_COPY_ATTEMPTS 64

/* The first page of the file. The writer writes every field; readers only read. */
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

	uint64_t head;         /* position behind the newest entry */
	uint64_t events;       /* ever written; the writer's own */
	uint64_t alone_events; /* of these, with a seq of 0; the writer's own */
	uint8_t reserved2[RING_HEAD_BYTES - 152];
};

_Static_assert(offsetof(struct ring_head, tail) == 64, "tail has a cache line");
_Static_assert(offsetof(struct ring_head, head) == 128, "head has another");
_Static_assert(sizeof(struct ring_head) == RING_HEAD_BYTES, "the head fills a page");

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

struct ring {
	struct ring_head *head;
	uint64_t *words; /* the data area */
	size_t data_bytes;
	uint64_t word_mask;
	int fd;              /* of the file; -1 in anonymous memory */
	size_t backed_bytes; /* of the data area: memory is there; the writer's own */
	char *path;          /* NULL in anonymous memory */
};

struct ring_copy {
	size_t start; /* of the first whole entry in bytes */
	size_t end;
	unsigned char *bytes;
};

static size_t round_size(size_t bytes)
{
	size_t size = RING_MIN_BYTES;

	while (size < bytes)
		size *= 2;
	return size;
}

static int map_file(struct ring *ring, const char *path, size_t map_bytes)
{
	int fd, err = 0;
	void *map;

	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -errno;
	ring->path = strdup(path);
	if (!ring->path) {
		err = -ENOMEM;
		goto out;
	}
	if (ftruncate(fd, (off_t)map_bytes) < 0) {
		err = -errno;
		goto out;
	}
	map = mmap(NULL, map_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED) {
		err = -errno;
		goto out;
	}
	ring->head = map;
	ring->fd = fd;
	return 0;
out:
	free(ring->path);
	ring->path = NULL;
	(void)unlink(path);
	(void)close(fd);
	return err;
}

static int map_anonymous(struct ring *ring, size_t map_bytes)
{
	void *map = mmap(NULL, map_bytes, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (map == MAP_FAILED)
		return -errno;
	ring->head = map;
	ring->backed_bytes = ring->data_bytes;
	return 0;
}

/* Memory for the data area up to `end`; the head's page comes with the first step. */
static int back(struct ring *ring, uint64_t end)
{
	size_t step = RING_STEP_BYTES;
	size_t from = ring->backed_bytes ? RING_HEAD_BYTES + ring->backed_bytes : 0;
	size_t to;

	if (end <= ring->backed_bytes || ring->backed_bytes == ring->data_bytes)
		return 0;
	to = (end + step - 1) / step * step;
	if (to > ring->data_bytes)
		to = ring->data_bytes;
	/* a file system that can't say has its own ways */
	if (fallocate(ring->fd, 0, (off_t)from, (off_t)(RING_HEAD_BYTES + to - from)) &&
	    errno != EOPNOTSUPP)
		return -errno;
	ring->backed_bytes = to;
	return 0;
}

struct ring *ring__new(const char *path, size_t data_bytes)
{
	struct ring *ring;
	int err;

	if (data_bytes > RING_MAX_BYTES) {
		errno = EINVAL;
		return NULL;
	}
	ring = calloc(1, sizeof(*ring));
	if (!ring)
		return NULL;
	ring->fd = -1;
	ring->data_bytes = round_size(data_bytes);
	ring->word_mask = ring->data_bytes / sizeof(uint64_t) - 1;
	err = path ? map_file(ring, path, RING_HEAD_BYTES + ring->data_bytes)
		   : map_anonymous(ring, RING_HEAD_BYTES + ring->data_bytes);
	if (!err && path)
		err = back(ring, 1);
	if (err) {
		ring__free(ring);
		errno = -err;
		return NULL;
	}
	ring->words = (uint64_t *)((char *)ring->head + RING_HEAD_BYTES);
	ring->head->version = RING_VERSION;
	ring->head->head_bytes = RING_HEAD_BYTES;
	ring->head->data_bytes = ring->data_bytes;
	ring->head->writer_pid = (uint32_t)getpid();
	/* Last: a file with the magic is a ring. Its pair is whoever maps the file later. */
	barrier__store_release(&ring->head->magic, RING_MAGIC);
	return ring;
}

void ring__free(struct ring *ring)
{
	if (!ring)
		return;
	if (ring->path)
		(void)unlink(ring->path);
	if (ring->fd >= 0)
		(void)close(ring->fd);
	if (ring->head)
		(void)munmap(ring->head, RING_HEAD_BYTES + ring->data_bytes);
	free(ring->path);
	free(ring);
}

void ring__leave(struct ring *ring)
{
	free(ring->path);
	ring->path = NULL;
}

static size_t pad_word(size_t bytes)
{
	return (bytes + 7) & ~(size_t)7;
}

static size_t slot_bytes(const struct ring_entry *entry)
{
	return sizeof(struct ring_slot) + pad_word(entry->bytes);
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

static void load_words(const struct ring *ring, uint64_t position, void *target, size_t bytes)
{
	uint64_t at = position / sizeof(uint64_t), word;
	unsigned char *to = target;

	for (; bytes; bytes -= sizeof(word), to += sizeof(word), at++) {
		word = barrier__load_relaxed(&ring->words[at & ring->word_mask]);
		memcpy(to, &word, sizeof(word));
	}
}

/* ---- a file that someone else has written ---- */

static bool is_whole(const struct ring_head *head, uint64_t file_bytes)
{
	uint64_t size = head->data_bytes;

	/* Acquire, from ring__new(): with the magic the rest is there. */
	return barrier__load_acquire(&head->magic) == RING_MAGIC && head->version == RING_VERSION &&
	       head->head_bytes == RING_HEAD_BYTES && size >= RING_MIN_BYTES &&
	       size <= RING_MAX_BYTES && !(size & (size - 1)) &&
	       file_bytes == RING_HEAD_BYTES + size && head->tail <= head->head &&
	       head->head - head->tail <= size && !(head->tail % sizeof(uint64_t)) &&
	       !(head->head % sizeof(uint64_t));
}

/* The counts as the entries have them: the writer may have died after it had counted an entry and
 * before the entry was there, or after it had given one up. */
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
	void *map;

	ring->fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (ring->fd < 0 || fstat(ring->fd, &status))
		return -errno;
	if (!S_ISREG(status.st_mode) || status.st_size <= (off_t)RING_HEAD_BYTES)
		return -EBADMSG;
	map = mmap(NULL, (size_t)status.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, ring->fd, 0);
	if (map == MAP_FAILED)
		return -errno;
	ring->head = map;
	ring->data_bytes = (size_t)status.st_size - RING_HEAD_BYTES;
	ring->words = (uint64_t *)((char *)map + RING_HEAD_BYTES);
	ring->word_mask = ring->data_bytes / sizeof(uint64_t) - 1;
	return is_whole(ring->head, (uint64_t)status.st_size) ? repair(ring) : -EBADMSG;
}

struct ring *ring__open(const char *path)
{
	struct ring *ring = calloc(1, sizeof(*ring));
	int err;

	if (!ring)
		return NULL;
	err = open_file(ring, path);
	if (!err)
		ring->path = strdup(path);
	if (!err && !ring->path)
		err = -ENOMEM;
	if (!err)
		return ring;
	ring__free(ring);
	errno = -err;
	return NULL;
}

/* Takes the oldest entries back until `bytes` are free. */
static void make_room(struct ring *ring, size_t bytes)
{
	struct ring_head *head = ring->head;
	uint64_t overwritten = head->overwritten;
	uint64_t tail = head->tail;
	struct ring_slot slot;

	if (head->head + bytes - tail <= ring->data_bytes)
		return;
	do {
		load_words(ring, tail, &slot, sizeof(slot));
		tail += slot_bytes(&slot.entry);
		overwritten += slot.entry.events;
	} while (head->head + bytes - tail > ring->data_bytes);
	barrier__store_relaxed(&head->overwritten, overwritten);
	barrier__store_relaxed(&head->tail, tail);
	/* Orders the tail before the words that overwrite; its pair is in copy_once(). */
	barrier__fence_release();
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

	if (bytes > ring->data_bytes / 2)
		return -EMSGSIZE;
	err = back(ring, head->head + bytes);
	if (err)
		return err;
	make_room(ring, bytes);
	store_words(ring, head->head, &slot, sizeof(slot));
	store_words(ring, head->head + sizeof(slot), records, entry->bytes);
	head->events += entry->events;
	head->alone_events += entry->seq ? 0 : entry->events;
	/* Protects the words just written; its pairs are in copy_once() and ring__used_bytes(). */
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

/* 0, -EAGAIN where the writer has come by everything, or -ENOMEM. */
static int copy_once(const struct ring *ring, struct ring_copy *copy)
{
	const struct ring_head *shared = ring->head;
	uint64_t head, tail, tail_after;
	unsigned char *bytes;

	/* Acquire, from the store in ring__write(): all words below head are there, and the tail
	 * read next is none older than the one of that moment, so no more than a ring lies between.
	 * */
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
		*ret_overwritten = ring__overwritten(ring);
	}
	return copy;
}

void ring_copy__free(struct ring_copy *copy)
{
	if (!copy)
		return;
	free(copy->bytes);
	free(copy);
}

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
