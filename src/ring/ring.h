/* SPDX-License-Identifier: MIT */
/*
 * The flight ring: the last so many bytes of one process's batches, in a memory-mapped file.
 *
 * The drain thread writes, overwriting the oldest entries; readers never stop it. One may copy
 * entries out and then ask whether the writer has come by, or have the writer save, before it
 * overwrites them, pieces that were not read yet. Neither waits for the other.
 *
 * Which calls may run at once on one ring; write, freeze and the end of a frozen copy are the
 * writer's thread's, whoever reads it:
 *
 *                 write   freeze  copy    fini
 *      write       no      no      yes    no
 *      freeze      no      no      yes    no
 *      copy        yes     yes     yes    no
 */
#ifndef TTLOG_RING_H
#define TTLOG_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ring_entry.h"

struct ring;
struct ring_budget;

/* What the writer keeps for a frozen copy, at most. */
#define RING_SAVE_MAX_BYTES ((size_t)6 << 20)

/*
 * A new ring of data_bytes (rounded up to a power of two, at least RING_MIN_BYTES) in a new file
 * at path (mode 0600); with a path of NULL in memory without one. NULL with errno on failure.
 */
struct ring *ring__new(const char *path, size_t data_bytes);
/* The same, with no more memory than the budget has; -ENOBUFS where it has none. */
struct ring *ring__new_within(struct ring_budget *budget, const char *path, size_t data_bytes);
/* Whether that may be worth the try. */
bool ring__may_begin_within(struct ring_budget *budget);
/*
 * The ring in a file whose writer is dead: what it had written, all of it and nothing but it. To be
 * written on and freed as if it were new. NULL with errno: EBADMSG where the file is none.
 */
struct ring *ring__open(const char *path);
/* Takes the file away too. NULL is fine. */
void ring__free(struct ring *ring);

bool ring__has_file(const struct ring *ring);
/* The file stays when the ring is freed. */
void ring__leave(struct ring *ring);

/* Appends one entry; where there is no memory for more of the ring, over the oldest that it has.
 * -EMSGSIZE where it is larger than half the ring or RING_ENTRY_MAX_BYTES, -ENOSPC where it is too
 * large for what there is, -ENOMEM where there is no memory to save what a frozen copy needs,
 * -ENOBUFS where such copies need all of the ring. */
int ring__write(struct ring *ring, const struct ring_entry *entry, const void *records);

/* Events ever written, and those of them with a seq of 0. The writer, or after ring__open(). */
uint64_t ring__events(const struct ring *ring);
uint64_t ring__alone_events(const struct ring *ring);
/* Events that were written and have been overwritten since. Any thread. */
uint64_t ring__overwritten(const struct ring *ring);
/* Bytes from the oldest entry to the newest, headers included. Any thread. */
uint64_t ring__used_bytes(const struct ring *ring);
/* Bytes ever written: tells whether anything came since. Any thread. */
uint64_t ring__written_bytes(const struct ring *ring);

/*
 * A copy of what is in the ring now, whole entries only, oldest first. Any thread; never stops the
 * writer. ret_overwritten: events overwritten before the first entry of the copy. NULL with errno.
 */
struct ring_copy *ring__copy(const struct ring *ring, uint64_t *ret_overwritten);
/*
 * The same, for the writer's thread to make and free, and another one to read: at once and without
 * memory, however large the ring. What is about to be overwritten before it was read is copied
 * then, RING_SAVE_MAX_BYTES at most: beyond it the writer goes round what the reader still needs,
 * and overwrites what was written since the oldest of such copies was made.
 */
struct ring_copy *ring__freeze(struct ring *ring, uint64_t *ret_overwritten);
/* Only what was written from that position on, a ring__written_bytes() of before. The events before
 * its first entry, or the end: those that were there at that position, and what was overwritten. */
struct ring_copy *ring__freeze_since(struct ring *ring, uint64_t position,
				     uint64_t *ret_events_before);
/* NULL is fine. */
void ring_copy__free(struct ring_copy *copy);

/* The entry at or after *cursor (start with 0), moves the cursor on; NULL at the end. It stays until
 * the next call for that copy. */
const struct ring_entry *ring_copy__next(struct ring_copy *copy, size_t *cursor);
/* Where in the copy the entry is that it gave last; its records follow. */
size_t ring_copy__place(const struct ring_copy *copy);
/* What is there. The bytes must be those of an entry. */
void ring_copy__read(const struct ring_copy *copy, size_t place, void *to, size_t bytes);
/* The reader has done with all entries before the one at that place. */
void ring_copy__consumed(struct ring_copy *copy, size_t place);
/* Only the newest entries are in it from now on, of so many events at most. How many events that
 * leaves out. Nobody writes to the ring of a frozen copy meanwhile, nor has since it was made. */
uint64_t ring_copy__keep_newest(struct ring_copy *copy, uint64_t events);
/* In all entries. */
uint64_t ring_copy__events(struct ring_copy *copy);

#endif /* TTLOG_RING_H */
