/* SPDX-License-Identifier: MIT */
/*
 * What TTLOG_PROBE_EVERY and TTLOG_PROBE_LIMIT leave out (limit.h), counted twice.
 *
 * By site, in a slot of the thread's table after its batch: the next recorded event takes the count
 * out by one instruction, and has it in a side record before it, in the same commit. In all, in the
 * first record of the batch: that stays in its place while batches begin and end around it, so every
 * flush, every pull and the tail of a dying thread bring it, and no moment is without. So emitted +
 * total = calls, also where a call was left out that no event says: the thread died, or the event
 * that said it was lost.
 *
 * Only the thread itself and its signal handlers write here. Each change is one instruction, or a
 * comparison and an exchange that a handler between them makes fail. The total comes first: it is
 * never less than what events say. fork() leaves zeroes of it all, as of the batch.
 */
#ifndef TTLOG_RATE_H
#define TTLOG_RATE_H

#include "append.h"
#include "size.h"

#ifdef TTLOG__HAS_SITES

TTLOG__BEGIN_C

/* ---- Words that a signal handler may change, too ---- */

TTLOG__INLINE void ttlog__add_one(uint64_t *place)
{
#if defined(__x86_64__)
	__asm__ volatile("{incq %0|inc qword ptr %0}" : "+m"(*place) : : "cc");
#elif defined(__aarch64__)
	uint64_t value;
	uint32_t failed;

	/* an atomic of the compiler may be a call; a handler between makes the store fail */
	__asm__ volatile("1:\tldxr %0, %2\n\tadd %0, %0, #1\n\tstxr %w1, %0, %2\n\tcbnz %w1, 1b"
			 : "=&r"(value), "=&r"(failed), "+Q"(*place));
#endif
}

TTLOG__INLINE uint64_t ttlog__take_all(uint64_t *place)
{
	return __atomic_exchange_n(place, 0, __ATOMIC_RELAXED);
}

/* Whether it was `had`, and is `now` from here on. */
TTLOG__INLINE int ttlog__change(uint64_t *place, uint64_t had, uint64_t now)
{
	return __atomic_compare_exchange_n(place, &had, now, 0, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
}

TTLOG__INLINE int ttlog__change_word(uint32_t *place, uint32_t had, uint32_t now)
{
	return __atomic_compare_exchange_n(place, &had, now, 0, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
}

/* ---- The total ---- */

struct ttlog_total {
	uint32_t delta_ticks; /* 0 */
	uint32_t site_len;
	struct ttlog_side_total side;
};

#define TTLOG__SIDE_LEN(bytes)                                                                     \
	(TTLOG_SIDE_SITE << TTLOG_RECORD_LEN_BITS | (uint32_t)(bytes) / TTLOG_RECORD_ALIGN)

TTLOG__INLINE struct ttlog_total *ttlog__total_of(struct ttlog_batch *batch)
{
	return (struct ttlog_total *)(batch + 1);
}

/* Of the total at the batch's start; 0: there is none. */
TTLOG__INLINE uint32_t ttlog__total_bytes(const struct ttlog_batch *batch)
{
	const struct ttlog_total *total = (const struct ttlog_total *)(batch + 1);

	return TTLOG__GET(total->site_len) == TTLOG__SIDE_LEN(sizeof(*total)) &&
			       TTLOG__GET(total->side.kind) == TTLOG_SIDE_TOTAL
		       ? (uint32_t)sizeof(*total)
		       : 0;
}

/* ---- The table ---- */

/* After the word of ttlog__owner_of(). */
struct ttlog__rates_clock {
	uint64_t ticks, ns;    /* the same moment, by the batch's clock and by CLOCK_MONOTONIC */
	uint64_t second_ticks; /* a second is not shorter; 0: not known yet */
	uint64_t clock;        /* of the ticks; 0: none of this is known yet */
};

#define TTLOG__RATES_AT (TTLOG_BATCH_GROWN_BYTES + 64u)
TTLOG__ASSERT(sizeof(struct ttlog_rates) + 64 <= TTLOG__AFTER_BYTES, "ttlog: no room for rates");

TTLOG__INLINE struct ttlog__rates_clock *ttlog__clock_of(struct ttlog_batch *batch)
{
	return (struct ttlog__rates_clock *)((char *)batch + TTLOG_BATCH_GROWN_BYTES + 8);
}

TTLOG__INLINE struct ttlog_rates *ttlog__rates_of(struct ttlog_batch *batch)
{
	return (struct ttlog_rates *)((char *)batch + TTLOG__RATES_AT);
}

/* The batch is ours, and empty. */
TTLOG__INLINE void ttlog__put_total(struct ttlog_batch *batch)
{
	struct ttlog_total *total = ttlog__total_of(batch);

	total->delta_ticks = 0;
	total->side.rates_bytes = TTLOG__RATES_AT;
	total->side.total = 0;
	total->side.kind = TTLOG_SIDE_TOTAL;
	TTLOG__SET(total->site_len, TTLOG__SIDE_LEN(sizeof(*total)));
	__atomic_store_n(&batch->committed, sizeof(*total), __ATOMIC_RELEASE);
}

/* For the batch's next thread. */
TTLOG__INLINE void ttlog__reset_rates(struct ttlog_batch *batch)
{
	struct ttlog_rates *rates;
	uint32_t cnt;

	if (!ttlog__total_bytes(batch))
		return;
	rates = ttlog__rates_of(batch);
	cnt = (uint32_t)rates->head.committed / (uint32_t)sizeof(rates->slots[0]);
	TTLOG__SET(rates->head.committed, 0);
	for (uint32_t i = 0; i < cnt && i < TTLOG_RATE_SLOTS; i++) {
		TTLOG__SET(rates->slots[i].offset, 0);
		TTLOG__SET(rates->slots[i].began, 0);
		TTLOG__SET(rates->slots[i].left_out, 0);
	}
}

/* ---- What an event says ---- */

#define TTLOG__SUPPRESSED_BYTES                                                                    \
	((uint32_t)(sizeof(struct ttlog_record) + sizeof(struct ttlog_side_suppressed)))

/* Room for it; rate: NULL: nothing is left out. */
TTLOG__INLINE uint32_t ttlog__saying_bytes(const struct ttlog_rate *rate)
{
	return rate ? TTLOG__SUPPRESSED_BYTES : 0;
}

/* Puts what was left out before the event whose record comes next. After ttlog__open(): from there
 * on a collector that attaches sees that an event is on its way. */
TTLOG__INLINE void ttlog__say_suppressed(struct ttlog_cursor *cursor, struct ttlog_rate *rate)
{
	char *to = cursor->to - sizeof(struct ttlog_record);
	struct ttlog_side_suppressed side;
	uint32_t head[2];

	if (!rate || !TTLOG__GET(rate->left_out))
		return;
	side.kind = TTLOG_SIDE_SUPPRESSED;
	side.site = rate->offset / 2;
	side.since = TTLOG__GET(rate->since);
	TTLOG__BARRIER();
	side.cnt = ttlog__take_all(&rate->left_out);
	head[0] = (uint32_t)cursor->delta;
	head[1] = TTLOG__SIDE_LEN(TTLOG__SUPPRESSED_BYTES);
	__builtin_memcpy(to, head, sizeof(head));
	__builtin_memcpy(to + sizeof(head), &side, sizeof(side));
	cursor->to += TTLOG__SUPPRESSED_BYTES;
	cursor->committed += TTLOG__SUPPRESSED_BYTES;
	ttlog__leave_flag(cursor, TTLOG_BATCH_SIDE);
}

TTLOG__END_C

#endif /* TTLOG__HAS_SITES */
#endif /* TTLOG_RATE_H */
