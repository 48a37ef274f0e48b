/* SPDX-License-Identifier: MIT */
/*
 * One of the kernel's ring buffers, as the drain thread reads it: the reader knows whether it has
 * got all that there was.
 *
 * Messages are in the order in which they were begun. While one is being written, all after it
 * wait: some microseconds, or as long as the CPU that writes it does something else.
 */
#ifndef TTLOG_WIRE_RING_H
#define TTLOG_WIRE_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct wire_ring;

/* A negative result ends this call; the message counts as taken. */
typedef int (*wire_ring_take_fn)(void *ctx, void *message, size_t bytes);

/* fd: of the map. NULL with errno. */
struct wire_ring *wire_ring__new(int fd);
/* NULL is fine. */
void wire_ring__free(struct wire_ring *ring);

/* Takes what there is. Whether that is all that was begun before the call, for which it looks again
 * for so long. One thread at a time. */
bool wire_ring__take(struct wire_ring *ring, wire_ring_take_fn take, void *ctx,
		     uint64_t longest_ns);

/* Its size, and how much of it is not taken yet. Any thread. */
void wire_ring__read(const struct wire_ring *ring, uint64_t *ret_bytes, uint64_t *ret_used_bytes);

/* The most that waited for wire_ring__take() in the last minute, or two, or since this was asked
 * before. The thread that takes. */
uint64_t wire_ring__peak_bytes(struct wire_ring *ring);

/* When nothing is expected for a while: unmaps the data until there is something to take. */
void wire_ring__rest(struct wire_ring *ring);

#endif /* TTLOG_WIRE_RING_H */
