/* SPDX-License-Identifier: MIT */
/*
 * Shared by the benchmark programs: clocks, and numbers from the command line. It is C and C++,
 * because the same programs are also built for recorders in C++.
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

/* The argument at position `at` as a number; `otherwise` if there is none. */
static inline uint64_t bench__number(int argc, char **argv, int at, uint64_t otherwise)
{
	return argc > at ? strtoull(argv[at], NULL, 10) : otherwise;
}

/* The compiler must assume that i may be anything after this: so a loop stays a loop. */
#define BENCH_OPAQUE(i) __asm__ volatile("" : "+r"(i))

#endif /* BENCH_H */
