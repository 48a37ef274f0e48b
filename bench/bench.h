/* SPDX-License-Identifier: MIT */
/*
 * What the benchmark programs share: clocks, and numbers from the command line. C and C++: the same
 * programs are built for recorders that are C++.
 */
#ifndef BENCH_H
#define BENCH_H

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define NS_PER_S 1000000000ull

static inline uint64_t bench__now_ns(clockid_t clock)
{
	struct timespec now;

	(void)clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

/* The argument's number, or `otherwise` where there are not that many. */
static inline uint64_t bench__number(int argc, char **argv, int at, uint64_t otherwise)
{
	return argc > at ? strtoull(argv[at], NULL, 10) : otherwise;
}

/* Makes the compiler believe that i may be anything: so a loop stays a loop. */
#define BENCH_OPAQUE(i) __asm__ volatile("" : "+r"(i))

#endif /* BENCH_H */
