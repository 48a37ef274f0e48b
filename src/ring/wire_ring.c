/* SPDX-License-Identifier: MIT */
/*
 * What libbpf's ring_buffer does, but with the data mapped once. The kernel offers the data twice
 * in a row, so that a message that crosses the end is contiguous (kernel/bpf/ringbuf.c). Of the
 * second half only as much is mapped as a message may need: mapped pages count as resident, and
 * most of the collector's are these.
 *
 * The ring begins with two pages: the consumer's position, then the producer's, which moves when a
 * message is begun.
 *
 * While the ring rests, no data is mapped. After that the first touch of each page is slow again
 * (warm.h), so a thread touches them beside us.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <linux/bpf.h>

#include "barrier.h"
#include "clock.h"
#include "wire_ring.h"

/* A copy of a batch takes some µs. To spin for longer may keep the writer from its CPU. */
#define LOOK_AGAIN_NS 20000

/* Of the data's second half: more than the largest message. */
#define OVERLAP_BYTES ((size_t)512 << 10)

#define MINUTE_NS 60000000000ull

struct wire_ring {
	int fd;
	size_t page_bytes, data_bytes, mapped_bytes;
	unsigned long *taken; /* in pages of their own */
	const unsigned long *begun;
	unsigned char *data;                          /* NULL: it rests */
	unsigned long peak_bytes, earlier_peak_bytes; /* in this minute, and in the one before */
	uint64_t minute_ns;                           /* when it began */
	pthread_t toucher;
	bool has_toucher;
	bool ending; /* atomic: the toucher is to stop */
};

static int map(int fd, size_t at, size_t bytes, int protection, void *ret)
{
	void *mapped = mmap(NULL, bytes, protection, MAP_SHARED, fd, (off_t)at);

	if (mapped == MAP_FAILED)
		return -errno;
	/* the broker reads no ring */
	(void)madvise(mapped, bytes, MADV_DONTFORK);
	*(void **)ret = mapped;
	return 0;
}

static int map_data(struct wire_ring *ring)
{
	return map(ring->fd, 2 * ring->page_bytes, ring->mapped_bytes, PROT_READ, &ring->data);
}

static int read_size(struct wire_ring *ring)
{
	struct bpf_map_info info = { 0 };
	uint32_t len = sizeof(info);

	if (bpf_obj_get_info_by_fd(ring->fd, &info, &len))
		return -errno;
	if (info.type != BPF_MAP_TYPE_RINGBUF)
		return -EINVAL;
	ring->page_bytes = (size_t)sysconf(_SC_PAGESIZE);
	ring->data_bytes = info.max_entries;
	ring->mapped_bytes = ring->data_bytes;
	ring->mapped_bytes += OVERLAP_BYTES < ring->data_bytes ? OVERLAP_BYTES : ring->data_bytes;
	return 0;
}

struct wire_ring *wire_ring__new(int fd)
{
	struct wire_ring *ring = calloc(1, sizeof(*ring));
	int err;

	if (!ring)
		return NULL;
	ring->fd = fd;
	err = read_size(ring);
	if (!err)
		err = map(fd, 0, ring->page_bytes, PROT_READ | PROT_WRITE, &ring->taken);
	if (!err)
		err = map(fd, ring->page_bytes, ring->page_bytes, PROT_READ, &ring->begun);
	if (!err)
		err = map_data(ring);
	if (!err)
		return ring;
	wire_ring__free(ring);
	errno = -err;
	return NULL;
}

void wire_ring__rest(struct wire_ring *ring)
{
	if (ring->has_toucher) {
		barrier__store_relaxed(&ring->ending, true);
		pthread_join(ring->toucher, NULL);
		ring->has_toucher = false;
	}
	if (ring->data)
		(void)munmap(ring->data, ring->mapped_bytes);
	ring->data = NULL;
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
	wire_ring__rest(ring);
	unmap(ring->taken, ring->page_bytes);
	unmap(ring->begun, ring->page_bytes);
	free(ring);
}

static void *touch(void *arg)
{
	const struct wire_ring *ring = arg;
	const struct sched_param ordinary = { 0 };
	size_t at = barrier__load_relaxed(ring->begun) & (ring->data_bytes - 1);

	/* not at the priority of the thread that reads */
	(void)pthread_setschedparam(pthread_self(), SCHED_OTHER, &ordinary);
	/* from what is read next, once around */
	for (size_t i = 0; i < ring->data_bytes / ring->page_bytes; i++) {
		if (barrier__load_relaxed(&ring->ending))
			break;
		(void)barrier__load_relaxed(ring->data + at);
		at = (at + ring->page_bytes) & (ring->data_bytes - 1);
	}
	return NULL;
}

static int wake(struct wire_ring *ring)
{
	int err = map_data(ring);

	if (err)
		return err;
	barrier__store_relaxed(&ring->ending, false);
	ring->has_toucher = !pthread_create(&ring->toucher, NULL, touch, ring);
	return 0;
}

void wire_ring__read(const struct wire_ring *ring, uint64_t *ret_bytes, uint64_t *ret_used_bytes)
{
	const unsigned long taken = barrier__load_relaxed(ring->taken);

	*ret_bytes = ring->data_bytes;
	*ret_used_bytes = barrier__load_relaxed(ring->begun) - taken;
}

uint64_t wire_ring__peak_bytes(struct wire_ring *ring)
{
	const uint64_t now_ns = clock__now_mono_ns();

	if (now_ns - ring->minute_ns >= MINUTE_NS) {
		ring->minute_ns = now_ns;
		ring->earlier_peak_bytes = ring->peak_bytes;
		ring->peak_bytes = 0;
	}
	return ring->peak_bytes > ring->earlier_peak_bytes ? ring->peak_bytes
							   : ring->earlier_peak_bytes;
}

static unsigned long next_of(unsigned long at, uint32_t length)
{
	length &= ~(BPF_RINGBUF_BUSY_BIT | BPF_RINGBUF_DISCARD_BIT);
	return at + ((length + BPF_RINGBUF_HDR_SZ + 7) & ~7u);
}

/* One after another, until one is still being written or take() returns a negative result. */
static void consume(struct wire_ring *ring, wire_ring_take_fn take, void *ctx)
{
	unsigned long at = barrier__load_relaxed(ring->taken);
	bool goes_on = true;

	/* Acquire: its pair is in the kernel, which reserves a place before it fills it. */
	while (goes_on && at != barrier__load_acquire(ring->begun)) {
		unsigned char *message = ring->data + (at & (ring->data_bytes - 1));
		/* Acquire: its pair is in the kernel, where a message is there when it is not busy
		 * */
		const uint32_t length = barrier__load_acquire((uint32_t *)message);

		if (length & BPF_RINGBUF_BUSY_BIT)
			break;
		if (!(length & BPF_RINGBUF_DISCARD_BIT))
			goes_on = take(ctx, message + BPF_RINGBUF_HDR_SZ, length) >= 0;
		at = next_of(at, length);
		/* Protects what was read; its pair is in the kernel, which then writes there. */
		barrier__store_release(ring->taken, at);
	}
}

bool wire_ring__take(struct wire_ring *ring, wire_ring_take_fn take, void *ctx, uint64_t longest_ns)
{
	const struct timespec pause = { .tv_nsec = LOOK_AGAIN_NS };
	/* Acquire: its pair is in the kernel, which reserves a place before it fills it. */
	const unsigned long end = barrier__load_acquire(ring->begun);
	const unsigned long waiting = end - barrier__load_relaxed(ring->taken);
	uint64_t until_ns = 0;

	if (waiting > ring->peak_bytes)
		ring->peak_bytes = waiting;
	if (!ring->data && !waiting)
		return true;
	if (!ring->data && wake(ring))
		return false;
	for (;;) {
		consume(ring, take, ctx);
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
