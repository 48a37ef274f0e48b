/* SPDX-License-Identifier: MIT */
/*
 * The chunks that threads fill with events of probes that are not ours (bpf/chunk.bpf.h): which are
 * in use, and how far they were read. Belongs to the drain thread.
 *
 * A chunk is read in place. It is free again once its thread has closed it and all of it was read.
 */
#ifndef TTLOG_EVENT_CHUNKS_H
#define TTLOG_EVENT_CHUNKS_H

#include <stddef.h>
#include <stdint.h>

struct event_chunks;
struct wire_chunk_begun;
struct wire_event;
struct wire_head;

/* Records of one thread: whole, in order, and read once. They stay until it returns. */
typedef void (*event_chunks_take_fn)(void *ctx, const struct wire_head *thread, const void *records,
				     size_t bytes);

/*
 * fd: of map `chunks`, of cnt chunks; it is mapped here, and not kept. free_fd: of `free_chunks`,
 * which gets all of them. freed_cnt: for BPF, how many were freed. NULL with errno.
 */
struct event_chunks *event_chunks__new(int fd, size_t cnt, int free_fd, uint64_t *freed_cnt);
/* NULL is fine. */
void event_chunks__free(struct event_chunks *chunks);

/* A thread has begun one. What it had before is taken first. */
void event_chunks__begin(struct event_chunks *chunks, const struct wire_chunk_begun *message,
			 event_chunks_take_fn take, void *ctx);
/* Takes what the event's thread did before it. */
void event_chunks__take_before(struct event_chunks *chunks, const struct wire_event *event,
			       event_chunks_take_fn take, void *ctx);
/* Takes what is new in all of them. */
void event_chunks__take_all(struct event_chunks *chunks, event_chunks_take_fn take, void *ctx);

#endif /* TTLOG_EVENT_CHUNKS_H */
