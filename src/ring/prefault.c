/* SPDX-License-Identifier: MIT */
/*
 * The writer says how far it wants memory, and posts. The thread does a step for each ring in turn,
 * until none wants any. It works without the lock, so the writer waits only to remove the very ring
 * that is worked on, for one step at most.
 *
 * Nothing here changes what is in the ring: MADV_POPULATE_WRITE faults pages in as a write would,
 * without one. If something fails here, the writer takes the memory itself later.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/vfs.h>

#include "barrier.h"
#include "prefault.h"
#include "ring_budget.h"
#include "ring_layout.h"
#include "thread_priority.h"

/* Faulted in at once. A thread that maps or unmaps something meanwhile waits for it. Whole pages on
 * every machine, and a ring is a multiple of it. */
#define PREFAULT_STEP_BYTES ((uint64_t)64 << 10)

/* A writer that has caught up faults in so much itself, and twice that at most. */
#define PREFAULT_LEFT_BYTES ((uint64_t)256 << 10)

/* Allocated before it is faulted in: some ms of faulting in. */
#define PREFAULT_ALLOCATED_BYTES ((uint64_t)8 << 20)

#define PREFAULT_MIN_BYTES ((uint64_t)1 << 20)
#define PREFAULT_MAX_BYTES ((uint64_t)256 << 20)

/* If a file system has less free, nothing is taken: another process may need that now. */
#define PREFAULT_SPARE_BYTES ((uint64_t)64 << 20)

/* A ring with less in it is left alone: most have a handful of batches. */
#define PREFAULT_ASK_BYTES ((uint64_t)256 << 10)

struct prefault {
	pthread_t thread;
	sem_t wanted;

	pthread_mutex_t lock; /* what follows, and the rings' prefault_next */
	struct ring *rings;
	struct ring *busy; /* the thread works on it, without the lock */
	pthread_cond_t idle;
	bool stopping;
};

void prefault__ask(struct ring *ring, uint64_t end)
{
	uint64_t window = end, wanted;

	if (window < PREFAULT_MIN_BYTES)
		window = PREFAULT_MIN_BYTES;
	if (window > PREFAULT_MAX_BYTES)
		window = PREFAULT_MAX_BYTES;
	wanted = (end + window) & ~(PREFAULT_STEP_BYTES - 1);
	ring->ask_at = end + window / 2;
	if (wanted >= ring->data_bytes) {
		wanted = ring->data_bytes;
		ring->ask_at = UINT64_MAX;
	}
	barrier__store_relaxed(&ring->wanted_bytes, wanted);
	(void)sem_post(&ring->prefault->wanted);
}

/*
 * Where to go on. What is right before a writer that has caught up is left to the writer: on the
 * same page one of the two would only wait for the other.
 */
static uint64_t next_of(const struct ring *ring)
{
	uint64_t written = barrier__load_relaxed(&ring->head->head);
	uint64_t next = (written / PREFAULT_LEFT_BYTES + 2) * PREFAULT_LEFT_BYTES;

	return next > ring->populated_bytes ? next : ring->populated_bytes;
}

static bool is_wanting(const struct ring *ring)
{
	uint64_t wanted = barrier__load_relaxed(&ring->wanted_bytes);

	return wanted > ring->refused_bytes && next_of(ring) < wanted;
}

/* Whether the file system has little left. */
static bool is_scarce(int fd)
{
	struct statfs fs;

	/* no blocks: no limit */
	return fstatfs(fd, &fs) ||
	       (fs.f_blocks && fs.f_bavail * (uint64_t)fs.f_bsize < PREFAULT_SPARE_BYTES);
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
	if (!ring_budget__take(ring->budget, RING_BUDGET_SPARE, bytes))
		return -ENOBUFS;
	/* memory of a ring without a file comes when it is touched */
	if (ring->fd >= 0)
		err = allocate_file(ring->fd, RING_HEAD_BYTES + from, bytes);
	if (err) {
		ring_budget__give(ring->budget, bytes);
		return err;
	}
	barrier__store_relaxed(&ring->prefault_taken_bytes, ring->prefault_taken_bytes + bytes);
	/* Protects the memory just allocated, and prefault_taken_bytes; its pair is in absorb() in
	 * ring_memory.c. */
	barrier__store_release(&ring->prefault_bytes, to);
	return 0;
}

/* Allocates some way ahead of faulting in, so that a writer that catches up need not allocate: it
 * would wait for the lock that fallocate() holds. */
static void step(struct ring *ring)
{
	const uint64_t wanted = barrier__load_relaxed(&ring->wanted_bytes);
	const uint64_t next = next_of(ring);
	/* what was written has its memory */
	uint64_t allocated = barrier__load_relaxed(&ring->head->head);

	if (allocated < ring->prefault_bytes)
		allocated = ring->prefault_bytes;
	/* the writer has overtaken us */
	if (next >= wanted)
		return;
	if (allocated < wanted && allocated < next + PREFAULT_ALLOCATED_BYTES) {
		if (allocate(ring, allocated))
			ring->refused_bytes = wanted;
		return;
	}
	(void)madvise((char *)ring->words + next, PREFAULT_STEP_BYTES, MADV_POPULATE_WRITE);
	ring->populated_bytes = next + PREFAULT_STEP_BYTES;
}

/* A step for each ring that wants one. Returns whether there was any. The lock is held, but not
 * during a step: the ring that is worked on stays in the list. */
static bool serve(struct prefault *prefault)
{
	bool served = false;

	for (struct ring *ring = prefault->rings; ring && !prefault->stopping;
	     ring = ring->prefault_next) {
		if (!is_wanting(ring))
			continue;
		served = true;
		prefault->busy = ring;
		pthread_mutex_unlock(&prefault->lock);
		step(ring);
		pthread_mutex_lock(&prefault->lock);
		prefault->busy = NULL;
		pthread_cond_broadcast(&prefault->idle);
	}
	return served;
}

static void *run(void *arg)
{
	struct prefault *prefault = arg;

	thread_priority__set(THREAD_PRIORITY_HELPER);
	pthread_mutex_lock(&prefault->lock);
	while (!prefault->stopping) {
		if (serve(prefault))
			continue;
		pthread_mutex_unlock(&prefault->lock);
		while (sem_wait(&prefault->wanted))
			continue;
		pthread_mutex_lock(&prefault->lock);
	}
	pthread_mutex_unlock(&prefault->lock);
	return NULL;
}

struct prefault *prefault__new(void)
{
	struct prefault *prefault = calloc(1, sizeof(*prefault));
	int err;

	if (!prefault)
		return NULL;
	sem_init(&prefault->wanted, 0, 0);
	pthread_mutex_init(&prefault->lock, NULL);
	pthread_cond_init(&prefault->idle, NULL);
	err = pthread_create(&prefault->thread, NULL, run, prefault);
	if (!err)
		return prefault;
	free(prefault);
	errno = err;
	return NULL;
}

void prefault__free(struct prefault *prefault)
{
	if (!prefault)
		return;
	pthread_mutex_lock(&prefault->lock);
	prefault->stopping = true;
	pthread_mutex_unlock(&prefault->lock);
	(void)sem_post(&prefault->wanted);
	pthread_join(prefault->thread, NULL);
	pthread_cond_destroy(&prefault->idle);
	pthread_mutex_destroy(&prefault->lock);
	sem_destroy(&prefault->wanted);
	free(prefault);
}

void prefault__add(struct prefault *prefault, struct ring *ring)
{
	if (!prefault)
		return;
	ring->prefault = prefault;
	ring->ask_at = PREFAULT_ASK_BYTES;
	pthread_mutex_lock(&prefault->lock);
	ring->prefault_next = prefault->rings;
	prefault->rings = ring;
	pthread_mutex_unlock(&prefault->lock);
}

void prefault__remove(struct prefault *prefault, struct ring *ring)
{
	struct ring **at;

	if (!prefault || !ring || !ring->prefault)
		return;
	/* the ring wants nothing any more, so this waits for one step at most */
	barrier__store_relaxed(&ring->wanted_bytes, 0);
	pthread_mutex_lock(&prefault->lock);
	while (prefault->busy == ring)
		pthread_cond_wait(&prefault->idle, &prefault->lock);
	for (at = &prefault->rings; *at != ring; at = &(*at)->prefault_next)
		continue;
	*at = ring->prefault_next;
	pthread_mutex_unlock(&prefault->lock);
	ring->prefault = NULL;
	ring->ask_at = UINT64_MAX;
}
