/* SPDX-License-Identifier: MIT */
/*
 * The writer says how far it wants memory, and posts; the thread goes over the rings in turn, a
 * step of each, until none wants any. It works without the lock, so the writer waits for no more
 * than one step, and that only to remove the very ring.
 *
 * What it does never changes what is in the ring: MADV_POPULATE_WRITE faults pages in as a write
 * would, without one. What fails here is the writer's to meet: it asks for memory itself where this
 * thread has not been.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "barrier.h"
#include "rt_priority.h"
#include "ring.h"
#include "ring_ahead.h"
#include "ring_budget.h"
#include "ring_layout.h"

/* Faulted in at once; whoever maps or unmaps something meanwhile waits for it. Whole pages on every
 * machine, and rings are made of such. */
#define AHEAD_STEP_BYTES ((uint64_t)64 << 10)

/* So much, and twice that at most, a writer that has caught up does itself. */
#define AHEAD_LEFT_BYTES ((uint64_t)256 << 10)

/* Allocated before it is faulted in: some ms of that. */
#define AHEAD_ALLOCATED_BYTES ((uint64_t)8 << 20)

#define AHEAD_MIN_BYTES ((uint64_t)1 << 20)
#define AHEAD_MAX_BYTES ((uint64_t)256 << 20)

/* Of a file system with less free it takes nothing: somebody may need that now. */
#define AHEAD_SPARE_BYTES ((uint64_t)64 << 20)

/* A ring that does not get so far is left alone: most have a handful of batches. */
#define AHEAD_ASK_BYTES ((uint64_t)256 << 10)

struct ring_ahead {
	pthread_t thread;
	sem_t wanted;

	pthread_mutex_t lock; /* what follows, and the rings' links */
	struct ring *rings;
	struct ring *busy; /* the thread works on it, without the lock */
	pthread_cond_t idle;
	bool stopping;
};

void ring_ahead__ask(struct ring *ring, uint64_t end)
{
	uint64_t window = end, wanted;

	if (window < AHEAD_MIN_BYTES)
		window = AHEAD_MIN_BYTES;
	if (window > AHEAD_MAX_BYTES)
		window = AHEAD_MAX_BYTES;
	wanted = (end + window) & ~(AHEAD_STEP_BYTES - 1);
	ring->ask_at = end + window / 2;
	if (wanted >= ring->data_bytes) {
		wanted = ring->data_bytes;
		ring->ask_at = UINT64_MAX;
	}
	barrier__store_relaxed(&ring->wanted_bytes, wanted);
	(void)sem_post(&ring->ahead->wanted);
}

/*
 * Where to go on. To a writer that has caught up is left what it has before it, and both fault in
 * at once: on the same page, one would only wait for the other.
 */
static uint64_t next_of(const struct ring *ring)
{
	uint64_t written = barrier__load_relaxed(&ring->head->head);
	uint64_t next = (written / AHEAD_LEFT_BYTES + 2) * AHEAD_LEFT_BYTES;

	return next > ring->populated_bytes ? next : ring->populated_bytes;
}

static bool is_wanting(const struct ring *ring)
{
	uint64_t wanted = barrier__load_relaxed(&ring->wanted_bytes);

	return wanted > ring->refused_bytes && next_of(ring) < wanted;
}

/* The last memory of a file system is not for what may never be written. */
static bool is_scarce(int fd)
{
	struct statfs fs;

	/* no blocks: no limit */
	return fstatfs(fd, &fs) ||
	       (fs.f_blocks && fs.f_bavail * (uint64_t)fs.f_bsize < AHEAD_SPARE_BYTES);
}

static int allocate_file(int fd, uint64_t from, uint64_t bytes)
{
	if (is_scarce(fd))
		return -ENOSPC;
	return fallocate(fd, 0, (off_t)from, (off_t)bytes) ? -errno : 0;
}

static int allocate(struct ring *ring, uint64_t from)
{
	uint64_t to = (from / RING_STEP_BYTES + 1) * RING_STEP_BYTES, bytes;
	int err = 0;

	from &= ~(uint64_t)(RING_EXTENT_BYTES - 1);
	if (to > ring->data_bytes)
		to = ring->data_bytes;
	bytes = to - from;
	if (!ring_budget__take_spare(ring->budget, bytes))
		return -ENOBUFS;
	/* without a file it comes when it is touched */
	if (ring->fd >= 0)
		err = allocate_file(ring->fd, RING_HEAD_BYTES + from, bytes);
	if (err) {
		ring_budget__give(ring->budget, bytes);
		return err;
	}
	barrier__store_relaxed(&ring->ahead_taken_bytes, ring->ahead_taken_bytes + bytes);
	/* Protects the memory just allocated, and what of the budget was taken for it; its pair is
	 * in absorb() in ring_memory.c. */
	barrier__store_release(&ring->ahead_bytes, to);
	return 0;
}

/* Allocates some way ahead of faulting in, so that a writer that catches up needs not ask for
 * memory: it would wait for the lock that fallocate() holds. */
static void step(struct ring *ring)
{
	const uint64_t wanted = barrier__load_relaxed(&ring->wanted_bytes);
	const uint64_t next = next_of(ring);
	/* what was written has its memory */
	uint64_t allocated = barrier__load_relaxed(&ring->head->head);

	if (allocated < ring->ahead_bytes)
		allocated = ring->ahead_bytes;
	/* the writer has come by */
	if (next >= wanted)
		return;
	if (allocated < wanted && allocated < next + AHEAD_ALLOCATED_BYTES) {
		if (allocate(ring, allocated))
			ring->refused_bytes = wanted;
		return;
	}
	(void)madvise((char *)ring->words + next, AHEAD_STEP_BYTES, MADV_POPULATE_WRITE);
	ring->populated_bytes = next + AHEAD_STEP_BYTES;
}

/* A step for each that wants one; whether there was any. The lock is held, and let go meanwhile:
 * the ring that is worked on stays, so its link does. */
static bool serve(struct ring_ahead *ahead)
{
	bool served = false;

	for (struct ring *ring = ahead->rings; ring && !ahead->stopping; ring = ring->ahead_next) {
		if (!is_wanting(ring))
			continue;
		served = true;
		ahead->busy = ring;
		pthread_mutex_unlock(&ahead->lock);
		step(ring);
		pthread_mutex_lock(&ahead->lock);
		ahead->busy = NULL;
		pthread_cond_broadcast(&ahead->idle);
	}
	return served;
}

static void *run(void *arg)
{
	struct ring_ahead *ahead = arg;

	rt_priority__set(RT_PRIORITY_HELPER);
	pthread_mutex_lock(&ahead->lock);
	while (!ahead->stopping) {
		if (serve(ahead))
			continue;
		pthread_mutex_unlock(&ahead->lock);
		while (sem_wait(&ahead->wanted))
			continue;
		pthread_mutex_lock(&ahead->lock);
	}
	pthread_mutex_unlock(&ahead->lock);
	return NULL;
}

struct ring_ahead *ring_ahead__new(void)
{
	struct ring_ahead *ahead = calloc(1, sizeof(*ahead));
	int err;

	if (!ahead)
		return NULL;
	sem_init(&ahead->wanted, 0, 0);
	pthread_mutex_init(&ahead->lock, NULL);
	pthread_cond_init(&ahead->idle, NULL);
	err = pthread_create(&ahead->thread, NULL, run, ahead);
	if (!err)
		return ahead;
	free(ahead);
	errno = err;
	return NULL;
}

void ring_ahead__free(struct ring_ahead *ahead)
{
	if (!ahead)
		return;
	pthread_mutex_lock(&ahead->lock);
	ahead->stopping = true;
	pthread_mutex_unlock(&ahead->lock);
	(void)sem_post(&ahead->wanted);
	pthread_join(ahead->thread, NULL);
	pthread_cond_destroy(&ahead->idle);
	pthread_mutex_destroy(&ahead->lock);
	sem_destroy(&ahead->wanted);
	free(ahead);
}

void ring_ahead__add(struct ring_ahead *ahead, struct ring *ring)
{
	if (!ahead)
		return;
	ring->ahead = ahead;
	ring->ask_at = AHEAD_ASK_BYTES;
	pthread_mutex_lock(&ahead->lock);
	ring->ahead_next = ahead->rings;
	ahead->rings = ring;
	pthread_mutex_unlock(&ahead->lock);
}

void ring_ahead__remove(struct ring_ahead *ahead, struct ring *ring)
{
	struct ring **at;

	if (!ahead || !ring || !ring->ahead)
		return;
	/* one that wants nothing is busy once at most */
	barrier__store_relaxed(&ring->wanted_bytes, 0);
	pthread_mutex_lock(&ahead->lock);
	while (ahead->busy == ring)
		pthread_cond_wait(&ahead->idle, &ahead->lock);
	for (at = &ahead->rings; *at != ring; at = &(*at)->ahead_next)
		continue;
	*at = ring->ahead_next;
	pthread_mutex_unlock(&ahead->lock);
	ring->ahead = NULL;
	ring->ask_at = UINT64_MAX;
}
