/* SPDX-License-Identifier: MIT */
/*
 * TTLOG_PROBE_EVERY and TTLOG_PROBE_LIMIT: whether a call is recorded or left out. What is left out
 * is counted as rate.h says.
 *
 * The state of a site lies in the thread's table after its batch, in the slot of the site's index.
 * There it needs no variable (an inline function of C can't have one, and a library that is loaded
 * late has little room for those of threads), and a child after fork() begins anew, as its batch
 * does. A thread gets its total (the batch's first record) when it first comes here: its batch is
 * flushed, and the next one begins with it. Where that can't be, the call is recorded: the thread has
 * no batch or is inside an append, or the table is full.
 *
 * A second of TTLOG_PROBE_LIMIT is one of CLOCK_MONOTONIC, but reading that takes long. Ticks of the
 * batch's clock tell that the second is surely not over; only when they do not is it read.
 */
#ifndef TTLOG_LIMIT_H
#define TTLOG_LIMIT_H

#include "slow.h"

#ifdef TTLOG__HAS_SITES

/* A site whose slot is taken uses one of so many after it. */
#define TTLOG__RATE_TRIES 16u
#define TTLOG__SECOND_NS  1000000000u
/* No TSC is slower: so many ticks are less than a second. */
#define TTLOG__SURELY_US  200000u

TTLOG__BEGIN_C

/* A call: the state of its site in its thread. */
struct ttlog_call {
	struct ttlog_batch *batch;
	struct ttlog_rate *rate; /* NULL: there is none, so it is recorded */
};

struct ttlog_call ttlog__find_rate(uint32_t offset) TTLOG__FAR;
int ttlog__is_second_over(struct ttlog_batch *batch, uint64_t began, uint64_t now) TTLOG__FAR;

/* ---- The table ---- */

TTLOG__INLINE int ttlog__is_counter(uint8_t clock)
{
	return clock == TTLOG_CLOCK_TSC || clock == TTLOG_CLOCK_CNTVCT;
}

/* A moment by both clocks. ticks_before: the counter before `ns` was read, `ticks` is after it: what
 * lies between makes a second longer, never shorter. */
struct ttlog__moment {
	uint64_t ticks_before, ns, ticks;
};

TTLOG__INLINE struct ttlog__moment ttlog__read_moment(uint8_t clock, uint8_t clock_id)
{
	struct ttlog__moment now;

	now.ticks_before = ttlog__clock_ticks(clock);
	now.ns = ttlog__call_clock(&clock_id);
	now.ticks = ttlog__clock_ticks(clock);
	return now;
}

TTLOG__INLINE void ttlog__set_rates_clock(struct ttlog_batch *batch, uint8_t clock_id)
{
	struct ttlog__rates_clock *clock = ttlog__clock_of(batch);
	const uint8_t ticks_clock = batch->clock;
	struct ttlog__moment now = ttlog__read_moment(ticks_clock, clock_id);

	/* if the thread was interrupted between, once more */
	if (now.ticks - now.ticks_before > ttlog__us_ticks(ticks_clock, 100))
		now = ttlog__read_moment(ticks_clock, clock_id);
	TTLOG__SET(clock->clock, 0);
	TTLOG__BARRIER();
	TTLOG__SET(clock->ticks, now.ticks_before);
	TTLOG__SET(clock->ns, now.ns);
	TTLOG__SET(clock->second_ticks, ttlog__is_counter(ticks_clock)
						? ttlog__us_ticks(ticks_clock, TTLOG__SURELY_US)
						: TTLOG__SECOND_NS);
	TTLOG__BARRIER();
	TTLOG__SET(clock->clock, ticks_clock);
}

/* CLOCK_MONOTONIC; where no system call is allowed, one that never makes one. */
TTLOG__INLINE uint8_t ttlog__second_clock(const struct ttlog_batch *batch)
{
	return batch->flags & TTLOG_BATCH_PREPARED ? TTLOG_CLOCK_COARSE : TTLOG_CLOCK_MONOTONIC;
}

/* The batch is ours. Begins another one with a total. False: a file with an older header has the
 * function that does it, or there was no memory for the table. */
TTLOG__INLINE int ttlog__begin_rates(struct ttlog_batch *batch)
{
	struct ttlog_rates *rates = ttlog__rates_of(batch);
	const uint8_t flags = batch->flags;

	if (batch->version < 3 || __atomic_load_n(&ttlog_module.is_tight, __ATOMIC_RELAXED) ||
	    rates->head.flags)
		return 0;
	TTLOG__SET(batch->flags, (uint8_t)(flags | TTLOG_BATCH_RATES | TTLOG_BATCH_SIDE));
	if (!ttlog__total_bytes(batch))
		ttlog__flush_batch(batch);
	if (!ttlog__total_bytes(batch)) {
		rates->head.flags = TTLOG_BATCH_RATES; /* not again */
		TTLOG__SET(batch->flags, flags);
		return 0;
	}
	rates->head.version = TTLOG_ABI_VERSION;
	rates->head.magic = TTLOG_BATCH_MAGIC;
	ttlog__set_rates_clock(batch, ttlog__second_clock(batch));
	return 1;
}

/* NULL: the thread has no batch, or it is busy, or calls can't be counted in it. */
TTLOG__INLINE struct ttlog_batch *ttlog__start_rates(void)
{
	uint32_t limit;
	struct ttlog_batch *batch = ttlog__take_batch(&limit);
	int has_begun;

	if (!batch && ttlog__batch->magic != TTLOG_BATCH_MAGIC) {
		batch = ttlog__make_batch();
		limit = batch ? batch->capacity_bytes : 0;
	}
	if (!batch)
		return NULL;
	TTLOG__SET(batch->limit_bytes, 0);
	TTLOG__BARRIER();
	has_begun = ttlog__begin_rates(batch);
	TTLOG__BARRIER();
	/* as it was: it may count as full because of a context */
	TTLOG__SET(batch->limit_bytes, limit);
	return has_begun ? batch : NULL;
}

/* A reader finds the slot below `committed`. */
TTLOG__INLINE void ttlog__count_slot(struct ttlog_rates *rates, uint32_t i)
{
	const uint64_t end = (i + 1) * sizeof(rates->slots[0]);
	uint64_t had = TTLOG__GET(rates->head.committed);

	while (had < end && !ttlog__change(&rates->head.committed, had, end))
		had = TTLOG__GET(rates->head.committed);
}

/* The site's slot; it gets one if it has none. NULL: too many have. */
TTLOG__INLINE struct ttlog_rate *ttlog__slot(struct ttlog_rates *rates, uint32_t offset)
{
	for (uint32_t i = offset / 2; i < offset / 2 + TTLOG__RATE_TRIES; i++) {
		const uint32_t at = i % TTLOG_RATE_SLOTS;
		struct ttlog_rate *rate = &rates->slots[at];

		if (!TTLOG__GET(rate->offset) && ttlog__change_word(&rate->offset, 0, offset))
			ttlog__count_slot(rates, at);
		if (TTLOG__GET(rate->offset) == offset)
			return rate;
	}
	return NULL;
}

TTLOG__COLD(struct ttlog_call, ttlog__find_rate, (uint32_t offset))
{
	struct ttlog_call call = { ttlog__batch, NULL };
	int err = TTLOG__ERRNO;

	TTLOG__SHARE(ttlog__find_rate);
	if (!(TTLOG__GET(call.batch->flags) & TTLOG_BATCH_RATES) || !ttlog__total_bytes(call.batch))
		call.batch = ttlog__start_rates();
	if (call.batch)
		call.rate = ttlog__slot(ttlog__rates_of(call.batch), offset);
	TTLOG__ERRNO = err;
	return call;
}

TTLOG__INLINE struct ttlog_call ttlog__call_of(uint32_t offset)
{
	struct ttlog_call call = { ttlog__batch, NULL };

	if (TTLOG__LIKELY(TTLOG__GET(call.batch->flags) & TTLOG_BATCH_RATES)) {
		call.rate = &ttlog__rates_of(call.batch)->slots[offset / 2 % TTLOG_RATE_SLOTS];
		if (TTLOG__LIKELY(TTLOG__GET(call.rate->offset) == offset &&
				  TTLOG__GET(ttlog__total_of(call.batch)->site_len) ==
					  TTLOG__SIDE_LEN(sizeof(struct ttlog_total))))
			return call;
	}
	return ttlog__find_rate(offset);
}

/* The total first: an event that says this call comes later. */
TTLOG__INLINE void ttlog__leave_out(const struct ttlog_call *call)
{
	struct ttlog_total *total = ttlog__total_of(call->batch);

	if (!TTLOG__GET(call->rate->left_out))
		TTLOG__SET(call->rate->since, TTLOG__GET(total->side.total));
	ttlog__add_one(&total->side.total);
	ttlog__add_one(&call->rate->left_out);
}

/* ---- TTLOG_PROBE_EVERY ---- */

/* Whether the call is recorded; if not, it has been counted. */
TTLOG__INLINE int ttlog__lets_every(const struct ttlog_call *call, uint64_t n)
{
	if (TTLOG__UNLIKELY(!call->rate))
		return 1;
	if (TTLOG__GET(call->rate->began) && TTLOG__GET(call->rate->left_out) + 1 < n) {
		ttlog__leave_out(call);
		return 0;
	}
	TTLOG__SET(call->rate->began, 1);
	return 1;
}

/* ---- TTLOG_PROBE_LIMIT ---- */

__extension__ typedef unsigned __int128 ttlog__wide;

/* Whether `now` is a second after `began`, both in ticks of the batch's clock. */
TTLOG__COLD(int, ttlog__is_second_over, (struct ttlog_batch * batch, uint64_t began, uint64_t now))
{
	struct ttlog__rates_clock *clock = ttlog__clock_of(batch);
	const uint8_t second_clock = ttlog__second_clock(batch);
	const int64_t passed = (int64_t)(now - began);
	struct ttlog__moment is;
	uint64_t ns, ticks;

	TTLOG__SHARE(ttlog__is_second_over);
	if (!ttlog__is_counter(batch->clock))
		return passed < 0 || passed >= (int64_t)TTLOG__SECOND_NS;
	if (TTLOG__GET(clock->clock) != batch->clock) {
		ttlog__set_rates_clock(batch, second_clock);
		return 1;
	}
	/* a handler was here between; or the counter began anew */
	if (passed < 0)
		return -passed > (int64_t)TTLOG__GET(clock->second_ticks);
	is = ttlog__read_moment(batch->clock, second_clock);
	ns = is.ns - TTLOG__GET(clock->ns);
	ticks = is.ticks - TTLOG__GET(clock->ticks);
	/* how long a second is, but for a part in which the clock is read again */
	if (ns >= TTLOG__SECOND_NS / 16 && is.ticks - is.ticks_before < ticks / 256)
		TTLOG__SET(clock->second_ticks, ticks / (ns / 10000u) * 100000u / 64u * 63u);
	return (ttlog__wide)(uint64_t)passed * ns >= (ttlog__wide)TTLOG__SECOND_NS * ticks;
}

/* The same. If a handler was here between two steps, the next look sees what it left. */
TTLOG__INLINE int ttlog__lets_limit(const struct ttlog_call *call, uint64_t per_second)
{
	struct ttlog_rate *rate = call->rate;
	uint64_t now, began;
	uint32_t used;

	if (TTLOG__UNLIKELY(!rate))
		return 1;
	now = ttlog__read_clock(&call->batch->clock);
	while (per_second) {
		began = TTLOG__GET(rate->began);
		used = TTLOG__GET(rate->used);
		if (TTLOG__UNLIKELY(!began || now - began >= TTLOG__GET(ttlog__clock_of(call->batch)
										->second_ticks)) &&
		    (!began || ttlog__is_second_over(call->batch, began, now))) {
			if (ttlog__change(&rate->began, began, now) &&
			    ttlog__change_word(&rate->used, used, 1))
				return 1;
		} else if (used >= per_second) {
			break;
		} else if (ttlog__change_word(&rate->used, used, used + 1)) {
			return 1;
		}
	}
	ttlog__leave_out(call);
	return 0;
}

TTLOG__END_C

#endif /* TTLOG__HAS_SITES */
#endif /* TTLOG_LIMIT_H */
