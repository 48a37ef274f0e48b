/* SPDX-License-Identifier: MIT */
/*
 * The memory orders that the collector uses, by name.
 *
 * They serve two patterns:
 * - publish: a writer fills memory and then stores a position with release; a reader loads the
 *   position with acquire and finds the memory filled.
 * - retract: a writer takes a position back, then a release fence, then overwrites the memory; a
 *   reader copies the memory, then an acquire fence, then loads the position again. If it has read
 *   one overwritten word, it sees that the position was taken back. Both access the memory at once,
 *   so only by relaxed atomic words.
 */
#ifndef TTLOG_BARRIER_H
#define TTLOG_BARRIER_H

#define barrier__load_acquire(p)     __atomic_load_n((p), __ATOMIC_ACQUIRE)
#define barrier__store_release(p, v) __atomic_store_n((p), (v), __ATOMIC_RELEASE)
#define barrier__load_relaxed(p)     __atomic_load_n((p), __ATOMIC_RELAXED)
#define barrier__add_relaxed(p, v)   __atomic_add_fetch((p), (v), __ATOMIC_RELAXED)
#define barrier__store_relaxed(p, v) __atomic_store_n((p), (v), __ATOMIC_RELAXED)

/* ThreadSanitizer does not know fences, and gcc warns of that. Here that is no loss: the fences
 * order atomic accesses, which are no data races. */
#ifdef __SANITIZE_THREAD__
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wtsan"
#endif
static inline void barrier__fence_acquire(void)
{
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
}

static inline void barrier__fence_release(void)
{
	__atomic_thread_fence(__ATOMIC_RELEASE);
}
#ifdef __SANITIZE_THREAD__
#pragma GCC diagnostic pop
#endif

#endif /* TTLOG_BARRIER_H */
