/* SPDX-License-Identifier: MIT */
/*
 * From a program's clock ticks to CLOCK_MONOTONIC, and from there to wall time.
 *
 * An invariant TSC (x86) or the generic timer (arm64) is one clock for the whole machine. So the
 * collector measures the rate itself and trusts no program: it takes pairs of (ticks,
 * CLOCK_MONOTONIC) at start and then from time to time, and interpolates between the nearest two.
 *
 * If the ticks go back, as after a suspend that resets the TSC on some machines, a new run of pairs
 * begins. Then ticks mean a different time in each run, and the kernel's stamp decides.
 *
 * One thread adds pairs, while any number of threads map. No thread waits.
 */
#ifndef TTLOG_CLOCK_H
#define TTLOG_CLOCK_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

struct clock;

/* Measures for about 8 ms. path: a new file, which keeps the pairs if the collector is killed;
 * NULL: no file. NULL with errno. */
struct clock *clock__new(const char *path);
/* The file of a collector that was killed, for reading. NULL with errno. */
struct clock *clock__open(const char *path);
/* A clock without pairs, for clock__add(). Until it has two, ticks map to themselves. */
struct clock *clock__new_blank(void);
void clock__free(struct clock *clock);

/* Measures a pair; call it about once a second, from one thread. */
void clock__sample(struct clock *clock);

/* Adds a pair, from the thread that samples. Fewer ticks than in the last pair: the ticks went
 * back. -EINVAL: the ticks are the same, or the time is not later. */
int clock__add(struct clock *clock, uint64_t ticks, uint64_t mono_ns);

/* A range of ticks with one rate. */
struct clock_span {
	uint64_t from_ticks, to_ticks; /* both included */
	uint64_t origin_ticks, origin_ns;
	uint64_t rate; /* ns a tick, times 2^shift */
	unsigned int shift;
};

/*
 * The span of ticks that were read shortly before before_ns; if the ticks went back since, that is
 * of an earlier run. kind: enum ttlog_clock. For ticks of an unknown kind, or long before the first
 * pair, the result may be wrong: the caller bounds it by the kernel's stamps. Any thread. As long
 * as no pair is added, time never falls with rising ticks.
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

/* What the kernel thinks of CLOCK_REALTIME now. */
struct clock_error {
	bool is_known;
	bool is_unsynchronised; /* nothing has set it by another clock of late */
	uint64_t max_ns;        /* it may be off by so much */
};
void clock__real_error(struct clock_error *ret);
/* CPU time of the calling thread. */
uint64_t clock__now_cpu_ns(void);
struct timespec clock__timespec(uint64_t ns);
/* The condition's timeouts are of CLOCK_MONOTONIC. */
void clock__init_condition(pthread_cond_t *condition);

#endif /* TTLOG_CLOCK_H */
