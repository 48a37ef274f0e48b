/* SPDX-License-Identifier: MIT */
/*
 * A thread that has memory ready before the drain thread writes to it, for all rings: a page that
 * was never written costs up to twenty times of what writing to one that is there does, on machines
 * that give free memory back to a host, and the drain thread that is late loses events.
 *
 * It goes ahead of what is written by as much as was written, so a ring that is hardly used takes
 * hardly any memory, and by 256 MiB at most. Once a ring was filled there is nothing left to do.
 */
#ifndef TTLOG_PREFAULT_H
#define TTLOG_PREFAULT_H

#include <stdint.h>

struct ring;
struct prefault;

/* NULL with errno. */
struct prefault *prefault__new(void);
/* Rings that were not removed stay as they are, and can't be written to any more. NULL is fine. */
void prefault__free(struct prefault *prefault);

/* The writer's thread. `prefault` may be NULL: then the ring has its memory as it needs it. */
void prefault__add(struct prefault *prefault, struct ring *ring);
/* Before the ring is freed; so is a ring of NULL, or one that was not added. */
void prefault__remove(struct prefault *prefault, struct ring *ring);

/* For ring__write(): `end` is where it will have written to. */
void prefault__ask(struct ring *ring, uint64_t end);

#endif /* TTLOG_PREFAULT_H */
