/* SPDX-License-Identifier: MIT */
/*
 * The clock of records. Its ticks are cheap to read. At each flush, the kernel's clock tells which
 * time they mean.
 */
#ifndef TTLOG_TICKS_H
#define TTLOG_TICKS_H

#include "abi.h"
#include "cold.h"
#include "libc.h"
#include "site.h"

#ifdef TTLOG__HAS_SITES

TTLOG__BEGIN_C

uint64_t ttlog__call_clock(const uint8_t *clock) TTLOG__FAR;

/* Reads a clock by its number in Linux. */
TTLOG__COLD(uint64_t, ttlog__call_clock, (const uint8_t *clock))
{
	struct ttlog__timespec now = { 0, 0 };

	TTLOG__SHARE(ttlog__call_clock);
	(void)ttlog__clock_gettime(*clock, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* clock: an address, so that the usual clock costs only one comparison with memory. */
TTLOG__INLINE uint64_t ttlog__read_clock(const uint8_t *clock)
{
#if defined(__x86_64__)
	if (TTLOG__LIKELY(*clock == TTLOG_CLOCK_TSC))
		return __builtin_ia32_rdtsc();
#elif defined(__aarch64__)
	if (TTLOG__LIKELY(*clock == TTLOG_CLOCK_CNTVCT)) {
		uint64_t ticks;

		__asm__ volatile("mrs %0, cntvct_el0" : "=r"(ticks));
		return ticks;
	}
#endif
	return ttlog__call_clock(clock);
}

TTLOG__INLINE uint64_t ttlog__clock_ticks(uint8_t clock)
{
	return ttlog__read_clock(&clock);
}

TTLOG__INLINE uint8_t ttlog__choose_clock(void)
{
#if defined(__x86_64__)
	uint32_t leaf = 0x80000000, b, c, d;

	/* Intel SDM 18.17.1: CPUID.80000007H:EDX[8]: the TSC has a constant rate in all states */
	__asm__("cpuid" : "+a"(leaf), "=b"(b), "=c"(c), "=d"(d));
	if (leaf < 0x80000007)
		return TTLOG_CLOCK_MONOTONIC;
	leaf = 0x80000007;
	__asm__("cpuid" : "+a"(leaf), "=b"(b), "=c"(c), "=d"(d));
	if (d & 1u << 8)
		return TTLOG_CLOCK_TSC;
	return TTLOG_CLOCK_MONOTONIC;
#elif defined(__aarch64__)
	return TTLOG_CLOCK_CNTVCT;
#endif
}

/*
 * A clock that works in a sandbox. In seccomp's strict mode, the kernel forbids the TSC: rdtsc,
 * which clock_gettime() uses, too, raises SIGSEGV. On some machines clock_gettime() is a system
 * call. What is left is the time that the kernel's timer wrote last.
 */
TTLOG__INLINE uint8_t ttlog__choose_safe_clock(int keeps_tsc)
{
	const uint8_t clock = ttlog__choose_clock();

	if (clock == TTLOG_CLOCK_MONOTONIC || (clock == TTLOG_CLOCK_TSC && !keeps_tsc))
		return TTLOG_CLOCK_COARSE;
	return clock;
}

/* About how many ticks `us` microseconds are. */
TTLOG__INLINE uint64_t ttlog__us_ticks(uint8_t clock, uint32_t us)
{
#if defined(__aarch64__)
	if (clock == TTLOG_CLOCK_CNTVCT) {
		uint64_t hz;

		__asm__("mrs %0, cntfrq_el0" : "=r"(hz));
		return hz * us / 1000000u;
	}
#endif
	/* the rate of the TSC is unknown here: 2 GHz is near enough */
	return (uint64_t)us * (clock == TTLOG_CLOCK_TSC ? 2000u : 1000u);
}

TTLOG__END_C

#endif /* TTLOG__HAS_SITES */
#endif /* TTLOG_TICKS_H */
