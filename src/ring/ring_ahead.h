/* SPDX-License-Identifier: MIT */
/*
 * A thread that has memory ready before the drain thread writes to it, for all rings: a page that
 * was never written costs up to twenty times of what writing to one that is there does, on machines
 * that give free memory back to a host, and the drain thread that is late loses events.
 *
 * It goes ahead of what is written by as much as was written, so a ring that is hardly used takes
 * hardly any memory, and by 256 MiB at most. Once a ring was filled there is nothing left to do.
 */
#ifndef TTLOG_RING_AHEAD_H
#define TTLOG_RING_AHEAD_H

#include <stdint.h>

struct ring;
struct ring_ahead;

/* NULL with errno. */
struct ring_ahead *ring_ahead__new(void);
/* Rings that were not removed stay as they are, and can't be written to any more. NULL is fine. */
void ring_ahead__free(struct ring_ahead *ahead);

/* The writer's thread. An `ahead` of NULL is fine: then the ring looks after itself. */
void ring_ahead__add(struct ring_ahead *ahead, struct ring *ring);
/* Before the ring is freed; so is a ring of NULL, or one that was not added. */
void ring_ahead__remove(struct ring_ahead *ahead, struct ring *ring);

/* For ring__write(): `end` is where it will have written to. */
void ring_ahead__ask(struct ring *ring, uint64_t end);

#endif /* TTLOG_RING_AHEAD_H */
