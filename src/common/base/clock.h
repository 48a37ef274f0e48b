/* SPDX-License-Identifier: MIT */
/*
 * From a program's clock ticks to CLOCK_MONOTONIC, and from there to wall time.
 *
 * An invariant TSC (x86) or the generic timer (arm64) is one clock for the whole machine, so the
 * collector measures the rate itself and trusts no program: it keeps pairs of (ticks,
 * CLOCK_MONOTONIC), taken at start and then from time to time, and maps between the nearest two.
 *
 * Where the ticks go back, as after a suspend that resets the TSC on some machines, a new run of pairs
 * begins; ticks then mean one time in each, and the kernel's stamp tells which.
 *
 * One thread adds pairs, any number map at the same time, and neither waits for the other.
 */
#ifndef TTLOG_CLOCK_H
#define TTLOG_CLOCK_H

#include <pthread.h>
#include <stdint.h>
#include <time.h>

struct clock;

/* Measures for about 8 ms. path: a new file that keeps the pairs if we die; NULL: none does. NULL
 * with errno on failure. */
struct clock *clock__new(const char *path);
/* The pairs of one who died. To be read only. NULL with errno. */
struct clock *clock__open(const char *path);
/* One without pairs, for clock__add(): ticks map to themselves until it has two. */
struct clock *clock__new_blank(void);
void clock__free(struct clock *clock);

/* Takes another pair; call it about once a second. One thread. */
void clock__sample(struct clock *clock);

/* Adds a pair that was taken elsewhere. One thread, the one that samples. Fewer ticks than in the last
 * one: the ticks went back. -EINVAL where they are the same, or the time is not later. */
int clock__add(struct clock *clock, uint64_t ticks, uint64_t mono_ns);

/* A stretch of ticks with one rate. */
struct clock_span {
	uint64_t from_ticks, to_ticks; /* where it holds, both included */
	uint64_t origin_ticks, origin_ns;
	uint64_t rate; /* ns a tick, times 2^shift */
	unsigned int shift;
};

/*
 * The stretch that these ticks are in, which were read before before_ns, not long; where they went back
 * since they are of the run before. kind: enum ttlog_clock. Ticks of an unknown kind, or before
 * the first pair by more than the rate explains, map as well as they can: the caller bounds them by
 * the kernel's stamps. Any thread. Time never falls with rising ticks as long as no pair is added.
 */
void clock__find_span(const struct clock *clock, uint8_t kind, uint64_t ticks, uint64_t before_ns,
		      struct clock_span *ret_span);

static inline uint64_t clock_span__mono_ns(const struct clock_span *span, uint64_t ticks)
{
	unsigned __int128 ns;

	if (ticks >= span->origin_ticks) {
		ns = (unsigned __int128)(ticks - span->origin_ticks) * span->rate >> span->shift;
		return ns > UINT64_MAX - span->origin_ns ? UINT64_MAX
							 : span->origin_ns + (uint64_t)ns;
	}
	ns = (unsigned __int128)(span->origin_ticks - ticks) * span->rate >> span->shift;
	return ns > span->origin_ns ? 0 : span->origin_ns - (uint64_t)ns;
}

uint64_t clock__now_mono_ns(void);
uint64_t clock__now_real_ns(void);
/* As calls that wait want it. */
struct timespec clock__timespec(uint64_t ns);
/* Waits on the condition end by CLOCK_MONOTONIC. */
void clock__init_condition(pthread_cond_t *condition);

#endif /* TTLOG_CLOCK_H */
