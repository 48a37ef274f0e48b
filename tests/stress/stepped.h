/* SPDX-License-Identifier: MIT */
/*
 * What steps.c, which kills in the middle of an append, and stepped.c, which appends, agree on: the
 * kinds of appends, and what their events say.
 */
#ifndef STRESS_STEPPED_H
#define STRESS_STEPPED_H

#include <stdint.h>

/* What is done between two breakpoints, by the main thread; before it there are other events. */
#define STEPPED_KINDS(X)                                                                           \
	X(pair)  /* an event with two integers */                                                  \
	X(trade) /* one with five fields, two of them strings */                                   \
	X(span)  /* the end of a span */                                                           \
	X(flush) /* an event that the batch has no room for */                                     \
	X(first) /* the first event of a thread */                                                 \
	X(alone) /* as from a handler that interrupted an append */                                \
	X(end)   /* no event: what a thread does when it ends */

#define STEPPED_PREFIX 10 /* pairs, or trades, before it: numbers from 1; `flush` has more */

/* Shared memory. The program writes it before the first breakpoint. */
struct stepped {
	uint64_t module; /* address of its struct ttlog_module */
	uint32_t before; /* events that it has logged */
	uint32_t after;  /* and will have logged at the second breakpoint */
};

static inline double stepped__price(uint64_t n)
{
	return 100 + (double)n / 4;
}

static inline const char *stepped__symbol(uint64_t n)
{
	return n % 2 ? "AAPL" : "a name of more than sixteen bytes";
}

static inline const char *stepped__side(uint64_t n)
{
	return n % 2 ? "BUY" : "SELL";
}

#endif /* STRESS_STEPPED_H */
