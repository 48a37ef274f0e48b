/* SPDX-License-Identifier: MIT */
/*
 * libbpf reads, and tells nobody how far. The positions are in the ring's first two pages
 * (kernel/bpf/ringbuf.c): the consumer's, then the producer's, which moves when a message is begun.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <bpf/libbpf.h>

#include "barrier.h"
#include "clock.h"
#include "wire_ring.h"

/* A copy of a batch takes some µs; whoever spins here may keep the writer from its CPU. */
#define LOOK_AGAIN_NS 20000

struct wire_ring {
	struct ring_buffer *buffer;
	const unsigned long *taken, *begun; /* in pages of their own */
	size_t page_bytes;
	wire_ring_take_fn take; /* of the call that is under way */
	void *ctx;
};

static int pass_on(void *ctx, void *message, size_t bytes)
{
	const struct wire_ring *ring = ctx;

	return ring->take(ring->ctx, message, bytes);
}

static int map(int fd, size_t at, size_t bytes, const unsigned long **ret)
{
	void *page = mmap(NULL, bytes, PROT_READ, MAP_SHARED, fd, (off_t)at);

	if (page == MAP_FAILED)
		return -errno;
	*ret = page;
	return 0;
}

struct wire_ring *wire_ring__new(int fd)
{
	struct wire_ring *ring = calloc(1, sizeof(*ring));
	int err;

	if (!ring)
		return NULL;
	ring->page_bytes = (size_t)sysconf(_SC_PAGESIZE);
	ring->buffer = ring_buffer__new(fd, pass_on, ring, NULL);
	err = ring->buffer ? 0 : -errno;
	if (!err)
		err = map(fd, 0, ring->page_bytes, &ring->taken);
	if (!err)
		err = map(fd, ring->page_bytes, ring->page_bytes, &ring->begun);
	if (!err)
		return ring;
	wire_ring__free(ring);
	errno = -err;
	return NULL;
}

static void unmap(const unsigned long *page, size_t bytes)
{
	if (page)
		(void)munmap((void *)page, bytes);
}

void wire_ring__free(struct wire_ring *ring)
{
	if (!ring)
		return;
	unmap(ring->taken, ring->page_bytes);
	unmap(ring->begun, ring->page_bytes);
	ring_buffer__free(ring->buffer);
	free(ring);
}

bool wire_ring__take(struct wire_ring *ring, wire_ring_take_fn take, void *ctx, uint64_t longest_ns)
{
	const struct timespec pause = { .tv_nsec = LOOK_AGAIN_NS };
	/* Acquire: its pair is in the kernel, which reserves a place before it fills it. */
	const unsigned long end = barrier__load_acquire(ring->begun);
	uint64_t until_ns = 0;

	ring->take = take;
	ring->ctx = ctx;
	for (;;) {
		(void)ring_buffer__consume(ring->buffer);
		/* positions only grow, and wrap around where longs are short */
		if ((long)(barrier__load_relaxed(ring->taken) - end) >= 0)
			return true;
		if (!until_ns)
			until_ns = clock__now_mono_ns() + longest_ns;
		else if (clock__now_mono_ns() >= until_ns)
			return false;
		(void)nanosleep(&pause, NULL);
	}
}
