/* SPDX-License-Identifier: MIT */
/*
 * How large a batch is, and its memory.
 *
 * A batch begins small. If its thread fills it quickly again and again, it doubles, within the
 * addresses that its one mmap reserved: a flush costs one trap, however much it hands over. It is
 * small again when the thread ends, or fills it slowly. But new pages cost time, too (12 us each
 * where a hypervisor keeps the page tables; a trap costs 6 us), so growing must pay off: a batch
 * twice as large waits for twice as many flushes before it doubles again.
 */
#ifndef TTLOG_SIZE_H
#define TTLOG_SIZE_H

#include "abi.h"
#include "libc.h"
#include "site.h"
#include "ticks.h"

#ifdef TTLOG__HAS_SITES

#if !defined(TTLOG_BATCH_BYTES) && !defined(TTLOG_BATCH_GROWN_BYTES)
#define TTLOG_BATCH_GROWN_BYTES TTLOG_BATCH_MAX_BYTES
#endif
#ifndef TTLOG_BATCH_BYTES
#define TTLOG_BATCH_BYTES TTLOG_BATCH_DEFAULT_BYTES
#endif
/* a batch whose size is set does not grow */
#ifndef TTLOG_BATCH_GROWN_BYTES
#define TTLOG_BATCH_GROWN_BYTES TTLOG_BATCH_BYTES
#endif
TTLOG__ASSERT(TTLOG_BATCH_BYTES >= TTLOG_BATCH_MIN_BYTES &&
		      TTLOG_BATCH_BYTES <= TTLOG_BATCH_MAX_BYTES && TTLOG_BATCH_BYTES % 8 == 0,
	      "ttlog: TTLOG_BATCH_BYTES must be 4096 to 262144, a multiple of 8");
TTLOG__ASSERT(
	TTLOG_BATCH_GROWN_BYTES >= TTLOG_BATCH_BYTES &&
		TTLOG_BATCH_GROWN_BYTES <= TTLOG_BATCH_MAX_BYTES &&
		TTLOG_BATCH_GROWN_BYTES % 8 == 0,
	"ttlog: TTLOG_BATCH_GROWN_BYTES must be TTLOG_BATCH_BYTES to 262144, a multiple of 8");

/* The bytes of a batch that are not for records. */
#define TTLOG__BATCH_REST  ((uint32_t)(sizeof(struct ttlog_batch) + TTLOG_BATCH_SLACK_BYTES))
/* Pages after the batch; those of its rates are touched only where these are used. */
#define TTLOG__AFTER_BYTES (5u * TTLOG_BATCH_MIN_BYTES)
/* A thread fills its batch often if each time takes less than this; seldom, if it takes more than
 * SELDOM times as long. Tests set other values. */
#ifndef TTLOG__OFTEN_US
#define TTLOG__OFTEN_US 1000u
#define TTLOG__SELDOM   128u
#endif
/* It may grow at one of so many flushes; of twice as many when it is twice as large. */
#define TTLOG__FLUSHES 16u

TTLOG__BEGIN_C

/* Zeroed memory for a batch and, if there are enough addresses, for what comes after it: a word, and
 * its rates (rate.h). NULL: there is none. */
TTLOG__INLINE void *ttlog__map_memory(void)
{
	size_t bytes = TTLOG_BATCH_GROWN_BYTES + TTLOG__AFTER_BYTES;
	void *memory = ttlog__mmap(NULL, bytes, TTLOG__PROT_READ_WRITE,
				   TTLOG__MAP_PRIVATE_ANONYMOUS, -1, 0);

	if (memory == TTLOG__MAP_FAILED) {
		__atomic_store_n(&ttlog_module.is_tight, 1, __ATOMIC_RELAXED);
		bytes = TTLOG_BATCH_BYTES;
		memory = ttlog__mmap(NULL, bytes, TTLOG__PROT_READ_WRITE,
				     TTLOG__MAP_PRIVATE_ANONYMOUS, -1, 0);
	}
	if (memory == TTLOG__MAP_FAILED)
		return NULL;
	(void)ttlog__syscall(__NR_madvise, memory, bytes, TTLOG__MADV_WIPEONFORK);
	/* batches lie side by side: a huge page would also take memory for quiet threads */
	(void)ttlog__syscall(__NR_madvise, memory, bytes, TTLOG__MADV_NOHUGEPAGE);
	(void)ttlog__syscall(__NR_madvise, memory, TTLOG_BATCH_BYTES, TTLOG__MADV_POPULATE_WRITE);
	return memory;
}

/* Doubles the batch, unless its module's batches have grown by all they may. */
TTLOG__INLINE void ttlog__grow(struct ttlog_batch *batch)
{
	int32_t had = (int32_t)(batch->capacity_bytes + TTLOG__BATCH_REST);
	int32_t more = (int32_t)TTLOG_BATCH_GROWN_BYTES - had;

	if (more > had)
		more = had;
	if (!more || __atomic_load_n(&ttlog_module.is_tight, __ATOMIC_RELAXED))
		return;
	if (__atomic_add_fetch(&ttlog_module.grown_bytes, more, __ATOMIC_RELAXED) >
	    (int32_t)TTLOG_BATCH_GROWTH_BYTES)
		__atomic_fetch_sub(&ttlog_module.grown_bytes, more, __ATOMIC_RELAXED);
	else
		__atomic_store_n(&batch->capacity_bytes, batch->capacity_bytes + (uint32_t)more,
				 __ATOMIC_RELAXED);
}

/* Back to the first size. The batch is empty, so its memory can go, if system calls are allowed. */
TTLOG__INLINE void ttlog__shrink(struct ttlog_batch *batch)
{
	const uint32_t small = TTLOG_BATCH_BYTES - TTLOG__BATCH_REST;
	const uint32_t grown = batch->capacity_bytes - small;
	uintptr_t page = (uintptr_t)ttlog__getpagesize() - 1;
	uintptr_t begin = ((uintptr_t)batch + TTLOG_BATCH_BYTES + page) & ~page;
	uintptr_t end = ((uintptr_t)batch + TTLOG_BATCH_BYTES + grown + page) & ~page;

	if (!grown)
		return;
	__atomic_store_n(&batch->capacity_bytes, small, __ATOMIC_RELAXED);
	if (end > begin && !(batch->flags & TTLOG_BATCH_PREPARED))
		(void)ttlog__syscall(__NR_madvise, begin, end - begin, TTLOG__MADV_DONTNEED);
	__atomic_fetch_sub(&ttlog_module.grown_bytes, (int32_t)grown, __ATOMIC_RELAXED);
}

/* The batch may grow at one of so many flushes. */
TTLOG__INLINE uint32_t ttlog__flushes(const struct ttlog_batch *batch)
{
	return (batch->capacity_bytes + TTLOG__BATCH_REST) / TTLOG_BATCH_BYTES * TTLOG__FLUSHES;
}

/* Called for a batch that began at begin_ticks, was full just now, and is empty again. */
TTLOG__INLINE void ttlog__resize(struct ttlog_batch *batch, uint64_t begin_ticks)
{
	uint64_t often = ttlog__us_ticks(batch->clock, TTLOG__OFTEN_US);
	uint64_t lasted = batch->base_ticks - begin_ticks;

	if (lasted > often * TTLOG__SELDOM)
		ttlog__shrink(batch);
	else if (lasted < often && batch->seq % ttlog__flushes(batch) == 0)
		ttlog__grow(batch);
}

TTLOG__END_C

#endif /* TTLOG__HAS_SITES */
#endif /* TTLOG_SIZE_H */
