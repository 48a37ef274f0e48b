/* SPDX-License-Identifier: MIT */
/*
 * The flight ring: the last so many bytes of one process's batches, in a memory-mapped file.
 *
 * The drain thread writes and overwrites the oldest entries. Readers never stop it. A reader gets a
 * frozen copy: the writer saves the parts that were not read yet before it overwrites them. Neither
 * side waits for the other.
 *
 * Which calls may run at once on one ring. Write, freeze and the end of a copy are calls of the
 * writer's thread, whichever thread reads the copy:
 *
 *                 write   freeze  read    free
 *      write       no      no      yes    no
 *      freeze      no      no      yes    no
 *      read        yes     yes     yes    yes
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
/* The same, with no more memory than the budget has; ENOBUFS if it has none. */
struct ring *ring__new_within(struct ring_budget *budget, const char *path, size_t data_bytes);
/*
 * The ring in a file whose writer is dead, with exactly what that had written. It may be written to
 * and freed as a new one. NULL with errno: EBADMSG if the file is no ring.
 */
struct ring *ring__open(const char *path);
/* Takes the file away too. NULL is fine. */
void ring__free(struct ring *ring);

bool ring__has_file(const struct ring *ring);
/* The file stays when the ring is freed. */
void ring__leave(struct ring *ring);

/* Appends one entry. If there is no memory for more of the ring, it overwrites the oldest entries.
 * -EMSGSIZE: it is larger than half the ring or RING_ENTRY_MAX_BYTES. -ENOSPC: it is too large for
 * the memory that there is. -ENOMEM: there is no memory to save what a frozen copy needs. -ENOBUFS:
 * such copies need all of the ring. */
int ring__write(struct ring *ring, const struct ring_entry *entry, const void *records);

/* Events ever written, and those of them with a seq of 0. The writer, or after ring__open(). */
uint64_t ring__events(const struct ring *ring);
uint64_t ring__alone_events(const struct ring *ring);
/* Events that were written and have been overwritten since. Any thread. */
uint64_t ring__overwritten(const struct ring *ring);
/* Bytes from the oldest entry to the newest, headers included. Any thread. */
uint64_t ring__used_bytes(const struct ring *ring);
/* What it can hold at most. Any thread. */
uint64_t ring__data_bytes(const struct ring *ring);
/* Bytes ever written: tells whether anything came meanwhile. Any thread. */
uint64_t ring__written_bytes(const struct ring *ring);

/*
 * A copy of what is in the ring now, oldest entry first. It takes no time and hardly any memory,
 * however large the ring is. What the writer is about to overwrite before it was read is saved then,
 * RING_SAVE_MAX_BYTES at most. Beyond that the writer skips what the reader still needs, and
 * overwrites what was written since the oldest copy was made. ret_overwritten: events overwritten
 * before the first entry of the copy. NULL with errno.
 */
struct ring_copy *ring__freeze(struct ring *ring, uint64_t *ret_overwritten);
/* Only what was written since ring__written_bytes() returned that position. ret_events_before: the
 * events before its first entry, or before its end if it has none. */
struct ring_copy *ring__freeze_since(struct ring *ring, uint64_t position,
				     uint64_t *ret_events_before);
/* NULL is fine. */
void ring_copy__free(struct ring_copy *copy);

/* The entry at or after *cursor (start with 0); moves the cursor on. NULL at the end. The entry
 * stays until the next call for that copy. */
const struct ring_entry *ring_copy__next(struct ring_copy *copy, size_t *cursor);
/* Where in the copy the entry is that ring_copy__next() returned last; its records follow. */
size_t ring_copy__place(const struct ring_copy *copy);
/* Reads at that place. The bytes must be those of an entry. */
void ring_copy__read(const struct ring_copy *copy, size_t place, void *to, size_t bytes);
/* The reader has done with all entries before the one at that place. */
void ring_copy__consumed(struct ring_copy *copy, size_t place);
/* Keeps only the newest entries, of so many events at most. Returns how many events that leaves
 * out. Nothing may be written to the ring meanwhile, nor since the copy was made. */
uint64_t ring_copy__keep_newest(struct ring_copy *copy, uint64_t events);
/* In all entries. */
uint64_t ring_copy__events(struct ring_copy *copy);

#endif /* TTLOG_RING_H */
