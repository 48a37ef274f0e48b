/* SPDX-License-Identifier: MIT */
/*
 * A thread that faults the memory of all rings in before the drain thread writes to it. To write to
 * a page for the first time costs up to twenty times as much on machines that give free memory back
 * to a host, and a drain thread that is late loses events.
 *
 * It is ahead of the writer by as much as was written, 256 MiB at most. So a ring that is hardly
 * used takes hardly any memory. Once a ring was filled, there is nothing left to do.
 */
#ifndef TTLOG_PREFAULT_H
#define TTLOG_PREFAULT_H

#include <stdint.h>

struct ring;
struct prefault;

/* NULL with errno. */
struct prefault *prefault__new(void);
/* Rings that were not removed can't be written to any more. NULL is fine. */
void prefault__free(struct prefault *prefault);

/* The writer's thread. prefault: NULL is fine; then memory is faulted in by the writes. */
void prefault__add(struct prefault *prefault, struct ring *ring);
/* Before the ring is freed. A ring of NULL is fine, and one that was not added. */
void prefault__remove(struct prefault *prefault, struct ring *ring);

/* For ring__write(), which is about to write up to `end`. */
void prefault__ask(struct ring *ring, uint64_t end);

#endif /* TTLOG_PREFAULT_H */
