/* SPDX-License-Identifier: MIT */
/*
 * The batches of a thread: it gets one, hands it over, gets another one, and gives it up; the
 * effects of fork() and of signal handlers.
 */
#ifndef TTLOG_BATCH_H
#define TTLOG_BATCH_H

#include "append.h"
#include "rate.h"
#include "size.h"

#ifdef TTLOG__HAS_SITES

/*
 * A handler that leaves by siglongjmp() may have interrupted an append, which then never ends.
 * Inside a handler, that looks the same as an append that goes on when the handler returns, so
 * nothing may be repaired. Instead, after so many events that were sent alone because of one
 * append, the thread gets another batch. If the append goes on after all, it does so in the old
 * one.
 */
#define TTLOG__WAITING_MAX   16u
#define TTLOG__WAITING_COUNT 0xffu /* bits of `waiting`; the bits above tell which append it was */
#define TTLOG__HAS_OTHERS    0x80000000u /* bit of `waiting`: the thread left other batches */
#define TTLOG__OTHERS_MAX    8u          /* then the oldest of these is used again */

/* Up to so many pthread keys take no memory per thread: glibc's PTHREAD_KEY_2NDLEVEL_SIZE. */
#define TTLOG__KEYS_MAX 32u

/* The smallest page size. */
#define TTLOG__PAGE_BYTES 4096u

TTLOG__BEGIN_C

struct ttlog_batch *ttlog__make_batch(void) TTLOG__FAR;
struct ttlog_batch *ttlog__replace_batch(struct ttlog_batch *batch) TTLOG__FAR;
void ttlog__end_thread(void *memory) TTLOG__FAR;
void ttlog__flush_batch(struct ttlog_batch *batch) TTLOG__FAR;

/* ---- A flush ---- */

/* Whether there is nothing in it, or only the total that all batches in that memory have. */
TTLOG__INLINE int ttlog__is_empty(const struct ttlog_batch *batch)
{
	return (uint32_t)TTLOG__GET(batch->committed) <= ttlog__total_bytes(batch);
}

/* The batch is ours, and empty: its next event may belong to a trace. */
TTLOG__INLINE void ttlog__repeat_context(struct ttlog_batch *batch)
{
	const uint32_t at = (uint32_t)TTLOG__GET(batch->committed);

	if (!ttlog__context.frame)
		return;
	ttlog__put_context((char *)(batch + 1) + at, 0);
	TTLOG__SET(batch->flags, (uint8_t)(batch->flags | TTLOG_BATCH_SIDE));
	__atomic_store_n(&batch->committed, at + TTLOG__CONTEXT_BYTES, __ATOMIC_RELEASE);
}

/*
 * A reader from outside sees all stores before this point before any store after it. A fence would
 * do, but gcc warns about it under -fsanitize=thread.
 */
TTLOG__INLINE void ttlog__order_stores(void)
{
#if defined(__x86_64__)
	__asm__ volatile("" ::: "memory");
#elif defined(__aarch64__)
	__asm__ volatile("dmb ish" ::: "memory");
#endif
}

/*
 * Begins the next batch in the same memory. `committed` changes first: so a reader from outside
 * sees either the old batch or an empty one. A total stays where it is, and in both.
 */
TTLOG__INLINE void ttlog__start_next(struct ttlog_batch *batch)
{
	uint64_t committed = TTLOG__GET(batch->committed);

	TTLOG__SET(batch->committed, ttlog__total_bytes(batch));
	ttlog__order_stores();
	TTLOG__SET(batch->events_before, batch->events_before + (committed >> 32));
	TTLOG__SET(batch->base_ticks, ttlog__clock_ticks(batch->clock));
	__atomic_store_n(&batch->seq, batch->seq + 1, __ATOMIC_RELEASE);
	/* before the next records, which overwrite records that a reader may still read */
	ttlog__order_stores();
	/* after seq: a reader that takes the old records takes their flags */
	TTLOG__SET(batch->flags, (uint8_t)(batch->flags & ~TTLOG_BATCH_LEVELS));
	if (batch->flags & TTLOG_BATCH_RATES && !ttlog__total_bytes(batch))
		ttlog__put_total(batch);
	ttlog__repeat_context(batch);
}

/*
 * The kernel only copies pages that are there, and waits for none. A page may be missing because
 * NUMA balancing took it away, because it was swapped out, or because it moves to another node.
 * Reading it brings it back.
 */
TTLOG__INLINE void ttlog__hand_over(const struct ttlog_batch *batch)
{
	uint32_t bytes = (uint32_t)sizeof(*batch) + (uint32_t)TTLOG__GET(batch->committed);

	for (uint32_t at = 0; at < bytes; at += TTLOG__PAGE_BYTES)
		(void)*((const volatile char *)batch + at);
	ttlog_control(batch, bytes, TTLOG_OP_FLUSH);
}

/* Hands the batch over, and starts the next one. */
TTLOG__COLD(void, ttlog__flush_batch, (struct ttlog_batch * batch))
{
	TTLOG__SHARE(ttlog__flush_batch);
	if ((uint32_t)TTLOG__GET(batch->committed))
		ttlog__hand_over(batch);
	ttlog__start_next(batch);
}

/* The batch is full, and ours. */
TTLOG__INLINE void ttlog__flush_full(struct ttlog_batch *batch)
{
	uint64_t begin_ticks = batch->base_ticks;

	ttlog__flush_batch(batch);
	ttlog__resize(batch, begin_ticks);
}

/* Runs before main(), or when the library is loaded, so that no handler has to make the key. If
 * there is no key left, it stays 0. */
TTLOG__COLD(void, ttlog__begin, (void))
{
	ttlog__thread_key_t key;

	TTLOG__SHARE(ttlog__begin);
	if (ttlog__key_create(&key, ttlog__end_thread) == 0)
		ttlog_module.thread_key = (uint32_t)key + 1;
}

/* The word after a batch that tells its owner; see ttlog__own(). */
TTLOG__INLINE uint64_t *ttlog__owner_of(struct ttlog_batch *batch)
{
	return (uint64_t *)((char *)batch + TTLOG_BATCH_GROWN_BYTES);
}

/*
 * Makes the batch free for other threads when the calling thread has ended: by the destructor of
 * its key, or, if there is no key, by the address of its ttlog__batch. No other thread has this
 * address while this thread lives; a thread that has it later began after its death. (A tid would
 * not do: it may be that of a child by vfork(), which uses this thread's memory.)
 *
 * For keys from 32 on, glibc allocates memory for a thread's values. Here a handler may have
 * interrupted malloc() with its lock held, so such keys are not used. musl never allocates, and has
 * few keys.
 */
TTLOG__INLINE void ttlog__own(struct ttlog_batch *batch)
{
	const uint32_t key = __atomic_load_n(&ttlog_module.thread_key, __ATOMIC_RELAXED);
	const int has_key = key && key <= TTLOG__KEYS_MAX &&
			    ttlog__setspecific((ttlog__thread_key_t)(key - 1), batch) == 0;

	/* in a sandbox, threads may end by the bare system call */
	if (has_key && !(batch->flags & TTLOG_BATCH_PREPARED))
		return;
	if (__atomic_load_n(&ttlog_module.is_tight, __ATOMIC_RELAXED))
		return; /* no room for the word: then the batch stays with the thread */
	__atomic_store_n(ttlog__owner_of(batch), (uintptr_t)&ttlog__batch, __ATOMIC_RELAXED);
	TTLOG__SET(batch->flags, batch->flags | TTLOG_BATCH_QUIET);
	__atomic_store_n(&ttlog_module.has_quiet, 1, __ATOMIC_RELAXED);
}

/* Only for an empty batch. Its base time may be so old that a delta would not fit. */
TTLOG__INLINE void ttlog__set_clock(struct ttlog_batch *batch, uint8_t clock)
{
	batch->clock = clock;
	TTLOG__SET(batch->base_ticks, ttlog__clock_ticks(clock));
}

/* From now on the batch needs no system call. It must be empty, and ours. */
TTLOG__INLINE void ttlog__prepare_batch(struct ttlog_batch *batch, uint8_t clock)
{
	ttlog__set_clock(batch, clock);
	TTLOG__SET(batch->flags, batch->flags | TTLOG_BATCH_PREPARED);
}

/* Resets what an empty batch has of its last thread. Sets the clock without reading it: in a
 * sandbox that may be impossible. */
TTLOG__INLINE void ttlog__reset_batch(struct ttlog_batch *batch)
{
	TTLOG__SET(batch->waiting, 0);
	TTLOG__SET(batch->flags, ttlog__total_bytes(batch) ? TTLOG_BATCH_SIDE : 0);
	ttlog__reset_rates(batch);
	if (batch->clock == TTLOG_CLOCK_COARSE)
		batch->clock = ttlog__choose_clock();
}

/* Fills in a head of zeroes; the batch takes appends once limit_bytes is set. */
TTLOG__INLINE void ttlog__init_batch(struct ttlog_batch *batch, uint32_t tid, uint8_t clock)
{
	batch->version = TTLOG_ABI_VERSION;
	batch->clock = clock;
	batch->seq = 1;
	batch->capacity_bytes = TTLOG_BATCH_BYTES - TTLOG__BATCH_REST;
	batch->base_ticks = ttlog__clock_ticks(batch->clock);
	__atomic_store_n(&batch->tid, tid, __ATOMIC_RELAXED);
	__atomic_store_n(&batch->magic, TTLOG_BATCH_MAGIC, __ATOMIC_RELEASE);
}

/* Whether its thread ended without giving it up, and had its ttlog__batch at our address. */
TTLOG__INLINE int ttlog__is_inherited(struct ttlog_batch *batch)
{
	return __atomic_load_n(&batch->flags, __ATOMIC_RELAXED) & TTLOG_BATCH_QUIET &&
	       __atomic_load_n(ttlog__owner_of(batch), __ATOMIC_RELAXED) ==
		       (uintptr_t)&ttlog__batch;
}

/* The kernel took its events when its thread died. A flush now would give them to this thread. */
TTLOG__INLINE struct ttlog_batch *ttlog__inherit_batch(struct ttlog_batch *batch, uint32_t tid)
{
	TTLOG__SET(batch->limit_bytes, 0);
	ttlog__start_next(batch);
	ttlog__reset_batch(batch);
	__atomic_store_n(&batch->tid, tid, __ATOMIC_RELEASE);
	return batch;
}

/* Comes before ttlog__reuse_batch(). Not for a thread that has had a batch: that is in the list,
 * too. */
TTLOG__INLINE struct ttlog_batch *ttlog__find_inherited(uint32_t tid)
{
	uint64_t at = __atomic_load_n(&ttlog_module.batches, __ATOMIC_ACQUIRE);

	/* usually all threads give up their batches: then the list need not be walked here */
	if (!__atomic_load_n(&ttlog_module.has_quiet, __ATOMIC_RELAXED))
		return NULL;
	while (at) {
		struct ttlog_batch *batch = (struct ttlog_batch *)(uintptr_t)at;

		if (ttlog__is_inherited(batch))
			return ttlog__inherit_batch(batch, tid);
		at = batch->next;
	}
	return NULL;
}

/* Whether it is all zeroes: a batch of the parent, which fork() wiped. The thread that called
 * fork() may still point to it. */
TTLOG__INLINE int ttlog__is_wiped(const struct ttlog_batch *batch)
{
	return __atomic_load_n(&batch->magic, __ATOMIC_ACQUIRE) != TTLOG_BATCH_MAGIC;
}

/* A batch that an ended thread left. Batches never leave the list: so a reader from outside can
 * always walk it, and the number of threads at one time bounds memory. */
TTLOG__INLINE struct ttlog_batch *ttlog__reuse_batch(uint32_t tid)
{
	uint64_t at = __atomic_load_n(&ttlog_module.batches, __ATOMIC_ACQUIRE);

	while (at) {
		struct ttlog_batch *batch = (struct ttlog_batch *)(uintptr_t)at;
		uint32_t owner;

		/* most have an owner: a load does not take the cache line from its thread */
		if (!ttlog__is_wiped(batch)) {
			owner = __atomic_load_n(&batch->tid, __ATOMIC_RELAXED);
			if (!owner &&
			    __atomic_compare_exchange_n(&batch->tid, &owner, tid, 0,
							__ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
				return batch;
		}
		at = batch->next;
	}
	return NULL;
}

TTLOG__INLINE void ttlog__enlist(struct ttlog_batch *batch)
{
	uint64_t first = __atomic_load_n(&ttlog_module.batches, __ATOMIC_RELAXED);

	do {
		batch->next = first;
	} while (!__atomic_compare_exchange_n(&ttlog_module.batches, &first, (uintptr_t)batch, 0,
					      __ATOMIC_RELEASE, __ATOMIC_RELAXED));
}

TTLOG__INLINE struct ttlog_batch *ttlog__map_batch(uint32_t tid)
{
	struct ttlog_batch *batch = (struct ttlog_batch *)ttlog__map_memory();

	if (batch) {
		ttlog__init_batch(batch, tid, ttlog__choose_clock());
		ttlog__enlist(batch);
	}
	return batch;
}

/*
 * In a child after fork(): the batch of the thread that called it. fork() wiped this and all other
 * batches of the parent, so the list ends at the first wiped batch in it: this one, or one without
 * a thread. Other threads of the child may have put their batches into the list already.
 */
TTLOG__INLINE struct ttlog_batch *ttlog__revive_batch(struct ttlog_batch *batch, uint32_t tid)
{
	uint64_t first = __atomic_load_n(&ttlog_module.batches, __ATOMIC_ACQUIRE);
	uint64_t at = first;

	ttlog__init_batch(batch, tid, ttlog__choose_clock());
	while (at && at != (uintptr_t)batch)
		at = ((struct ttlog_batch *)(uintptr_t)at)->next;
	if (at)
		return batch;
	do {
		batch->next = first;
		if (first && ttlog__is_wiped((struct ttlog_batch *)(uintptr_t)first))
			batch->next = 0;
	} while (!__atomic_compare_exchange_n(&ttlog_module.batches, &first, (uintptr_t)batch, 0,
					      __ATOMIC_RELEASE, __ATOMIC_ACQUIRE));
	return batch;
}

/* In a new child, no batch has grown yet. */
TTLOG__INLINE void ttlog__begin_child(void)
{
	const struct ttlog_batch *first = (const struct ttlog_batch *)(uintptr_t)__atomic_load_n(
		&ttlog_module.batches, __ATOMIC_ACQUIRE);

	if (first && ttlog__is_wiped(first))
		__atomic_store_n(&ttlog_module.grown_bytes, 0, __ATOMIC_RELAXED);
}

/*
 * The calling thread's batch: new, reused or revived, or one that a signal handler made after the
 * caller looked. NULL: no memory. The caller sets limit_bytes.
 */
TTLOG__COLD(struct ttlog_batch *, ttlog__make_batch, (void))
{
	struct ttlog_batch *batch, *had;
	uint32_t tid;

	TTLOG__SHARE(ttlog__make_batch);
	/* one instruction: a handler before it finds no batch, and makes one; a handler after it
	 * finds a busy batch */
	ttlog__no_batch[1].magic = TTLOG_BATCH_MAGIC;
	had = __atomic_exchange_n(&ttlog__batch, &ttlog__no_batch[1], __ATOMIC_RELAXED);
	TTLOG__BARRIER();
	if (had->magic == TTLOG_BATCH_MAGIC) {
		ttlog__batch = had;
		return had;
	}
	tid = (uint32_t)ttlog__syscall(__NR_gettid);
	ttlog__begin_child();
	if (had != ttlog__no_batch)
		batch = ttlog__revive_batch(had, tid);
	else
		batch = ttlog__find_inherited(tid);
	if (!batch)
		batch = ttlog__reuse_batch(tid);
	if (!batch)
		batch = ttlog__map_batch(tid);
	if (batch) {
		ttlog__set_clock(batch, batch->clock);
		ttlog__own(batch);
		/* one that is inherited has it */
		if (ttlog__is_empty(batch))
			ttlog__repeat_context(batch);
		ttlog_control(batch, sizeof(*batch), TTLOG_OP_BEGIN);
	}
	TTLOG__BARRIER();
	ttlog__batch = batch ? batch : ttlog__no_batch;
	return batch;
}

/* The oldest batch that the thread left, if it left many; else NULL. */
TTLOG__INLINE struct ttlog_batch *ttlog__oldest_other(const struct ttlog_batch *batch, uint32_t tid)
{
	uint64_t at = __atomic_load_n(&ttlog_module.batches, __ATOMIC_ACQUIRE);
	struct ttlog_batch *oldest = NULL;
	uint32_t cnt = 0;

	while (at) {
		struct ttlog_batch *other = (struct ttlog_batch *)(uintptr_t)at;

		at = other->next;
		if (other == batch || __atomic_load_n(&other->tid, __ATOMIC_RELAXED) != tid)
			continue;
		cnt++;
		if (!oldest || other->base_ticks < oldest->base_ticks)
			oldest = other;
	}
	return cnt >= TTLOG__OTHERS_MAX ? oldest : NULL;
}

/*
 * Identifies the current append, for the bits of `waiting` between the count and TTLOG__HAS_OTHERS:
 * by the bytes committed before it, and by the number of the batch. The bytes alone are not enough:
 * slow signals may interrupt another flush each time, always of a full batch.
 */
TTLOG__INLINE uint32_t ttlog__append_under_way(const struct ttlog_batch *batch)
{
	uint32_t words = (uint32_t)TTLOG__GET(batch->committed) / 4;
	uint32_t seq = (uint32_t)TTLOG__GET(batch->seq);

	return (seq << 15 ^ words) << 8 & ~TTLOG__HAS_OTHERS;
}

/*
 * Called when the unfinished append kept another event out of the batch. NULL until that has
 * happened too often. Then an empty batch, which is the thread's from now on, with limit_bytes
 * still 0; or NULL: no memory.
 */
TTLOG__COLD(struct ttlog_batch *, ttlog__replace_batch, (struct ttlog_batch * batch))
{
	uint32_t append = ttlog__append_under_way(batch);
	uint32_t waiting = TTLOG__GET(batch->waiting);
	uint32_t others = waiting & TTLOG__HAS_OTHERS;
	int is_prepared = batch->flags & TTLOG_BATCH_PREPARED;
	uint32_t tid = batch->tid;
	struct ttlog_batch *fresh;

	TTLOG__SHARE(ttlog__replace_batch);
	if ((waiting & ~TTLOG__HAS_OTHERS & ~TTLOG__WAITING_COUNT) != append)
		waiting = others | append;
	TTLOG__SET(batch->waiting, ++waiting);
	if ((waiting & TTLOG__WAITING_COUNT) < TTLOG__WAITING_MAX)
		return NULL;
	TTLOG__SET(batch->waiting, others);
	if (!tid) /* no tid yet: the batch was still being made */
		tid = (uint32_t)ttlog__syscall(__NR_gettid);
	/* its events stay in it: if they are taken twice, they count once */
	if ((uint32_t)TTLOG__GET(batch->committed))
		ttlog__hand_over(batch);
	fresh = ttlog__oldest_other(batch, tid);
	if (fresh) {
		TTLOG__SET(fresh->limit_bytes, 0);
		if ((uint32_t)TTLOG__GET(fresh->committed))
			ttlog__hand_over(fresh);
		if (is_prepared)
			fresh->clock = batch->clock;
		ttlog__start_next(fresh);
	} else {
		fresh = ttlog__reuse_batch(tid);
		if (!fresh && !is_prepared)
			fresh = ttlog__map_batch(tid);
	}
	if (!fresh)
		return NULL;
	if (is_prepared)
		ttlog__prepare_batch(fresh, batch->clock);
	else
		ttlog__set_clock(fresh, fresh->clock);
	TTLOG__SET(fresh->waiting, TTLOG__HAS_OTHERS);
	ttlog__own(fresh);
	if (ttlog__is_empty(fresh))
		ttlog__repeat_context(fresh);
	ttlog_control(fresh, sizeof(*fresh), TTLOG_OP_BEGIN);
	TTLOG__BARRIER();
	ttlog__batch = fresh;
	return fresh;
}

TTLOG__INLINE void ttlog__give_up(struct ttlog_batch *batch)
{
	const uint64_t frame = ttlog__context.frame;

	TTLOG__SET(batch->limit_bytes, 0);
	/* from here on no call is left out: its count would come too late */
	TTLOG__SET(batch->flags, (uint8_t)(batch->flags & ~TTLOG_BATCH_RATES));
	/* the next thread's batch does not begin with the context of this one */
	TTLOG__SET(ttlog__context.frame, 0);
	TTLOG__BARRIER();
	ttlog__flush_batch(batch);
	TTLOG__SET(ttlog__context.frame, frame);
	ttlog_control(batch, sizeof(*batch), TTLOG_OP_END);
	ttlog__shrink(batch);
	ttlog__reset_batch(batch);
	if (ttlog__batch == batch)
		ttlog__batch = ttlog__no_batch;
	__atomic_store_n(&batch->tid, 0, __ATOMIC_RELEASE);
}

/* Gives up the batches that ttlog__replace_batch() left. */
TTLOG__INLINE void ttlog__give_up_others(const struct ttlog_batch *batch)
{
	uint64_t at = __atomic_load_n(&ttlog_module.batches, __ATOMIC_ACQUIRE);

	while (at) {
		struct ttlog_batch *other = (struct ttlog_batch *)(uintptr_t)at;

		at = other->next;
		if (other != batch && __atomic_load_n(&other->tid, __ATOMIC_RELAXED) == batch->tid)
			ttlog__give_up(other);
	}
}

/* Runs at the end of a thread, before or after other destructors. If those log, it runs again. */
TTLOG__COLD(void, ttlog__end_thread, (void *memory))
{
	struct ttlog_batch *batch = (struct ttlog_batch *)memory;

	TTLOG__SHARE(ttlog__end_thread);
	if (ttlog__batch != batch || batch->magic != TTLOG_BATCH_MAGIC)
		return;
	TTLOG__SET(batch->limit_bytes, 0);
	TTLOG__BARRIER();
	if (batch->waiting & TTLOG__HAS_OTHERS)
		ttlog__give_up_others(batch);
	ttlog__give_up(batch);
}

TTLOG__END_C

#endif /* TTLOG__HAS_SITES */
#endif /* TTLOG_BATCH_H */
