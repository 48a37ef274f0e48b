/* SPDX-License-Identifier: MIT */
/*
 * Shared by stepped.c, which appends, and steps.c, which kills it during an append: the kinds of
 * appends, and the values in their events.
 */
#ifndef STRESS_STEPPED_H
#define STRESS_STEPPED_H

#include <stdint.h>

/* The action of the main thread between two breakpoints; other events come before it. */
#define STEPPED_KINDS(X)                                                                           \
	X(pair)  /* an event with two integers */                                                  \
	X(trade) /* one with five fields, two of them strings */                                   \
	X(span)  /* the end of a span */                                                           \
	X(flush) /* an event that the batch has no room for */                                     \
	X(first) /* the first event of a thread */                                                 \
	X(alone) /* as from a handler that interrupted an append */                                \
	X(end)   /* no event: the end of a thread */

#define STEPPED_PREFIX 10 /* pairs, or trades, before it: numbered from 1; `flush` has more */

/* Shared memory. The program writes it before the first breakpoint. */
struct stepped {
	uint64_t module; /* address of its struct ttlog_module */
	uint32_t before; /* events that it has logged */
	uint32_t after;  /* events at the second breakpoint */
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
