/* SPDX-License-Identifier: MIT */
/*
 * The two events of all benchmarks, as each recorder writes them. One source, built once per
 * recorder: without a macro (the product), with MARK_LTTNG, with MARK_SPDLOG (C++).
 *
 * MARK_TWO(a, b)	two 64-bit integers
 * MARK_TRADE(...)	symbol and side (strings), quantity and latency_us (int), price (double)
 * mark__begin/end()	around all marks; end returns how many events the recorder threw away
 */
#ifndef MARK_H
#define MARK_H

#include "bench.h"

#if defined(MARK_LTTNG)

#include "lttng_events.h"

#define MARK_RECORDER  "lttng"
#define MARK_TWO(a, b) lttng_ust_tracepoint(bench, two_integers, a, b)
#define MARK_TRADE(symbol, quantity, price, side, latency_us)                                      \
	lttng_ust_tracepoint(bench, trade_executed, symbol, quantity, price, side, latency_us)

#elif defined(MARK_SPDLOG)

#include "spdlog_mark.h"

#define MARK_RECORDER  "spdlog"
#define MARK_TWO(a, b) spdlog_mark->info("Two integers a={} b={}", (uint64_t)(a), (uint64_t)(b))
#define MARK_TRADE(symbol, quantity, price, side, latency_us)                                      \
	spdlog_mark->info("Trade executed symbol={} quantity={} price={} side={} latency_us={}",   \
			  symbol, quantity, price, side, latency_us)

#else

#define TTLOG_SERVICE "bench"
#include <ttlog/ttlog.h>

#define MARK_RECORDER    "ttlog"
#define MARK_TWO(a_, b_) TTLOG_PROBE(two_integers, INFO, "Two integers", "a", a_, "b", b_)
#define MARK_TRADE(symbol_, quantity_, price_, side_, latency_us_)                                 \
	TTLOG_PROBE(trade_executed, INFO, "Trade executed", "symbol", symbol_, "quantity",         \
		    quantity_, "price", price_, "side", side_, "latency_us", latency_us_)

#endif

#if !defined(MARK_LTTNG) && !defined(MARK_SPDLOG)
/* What a watch of the collector waits for. */
#define MARK_FAILURE() TTLOG_PROBE(failure, ERROR, "A failure")
#else
#define MARK_FAILURE() ((void)0)
#endif

#ifndef MARK_SPDLOG
static inline void mark__begin(void)
{
}

static inline uint64_t mark__end(void)
{
	return 0;
}
#endif

/* ---- Fields by event number ---- */

static const char *const mark_symbols[8] = { "AAPL", "MSFT", "GOOG", "AMZN",
					     "TSLA", "META", "NVDA", "IBM" };

#define MARK__INLINE static inline __attribute__((always_inline, unused)) void

MARK__INLINE mark__nothing(uint64_t i)
{
	BENCH_OPAQUE(i);
}

MARK__INLINE mark__two(uint64_t i)
{
	MARK_TWO(i, ~i);
}

/* Fields that cost next to nothing to make, to measure the cost of an event. */
MARK__INLINE mark__trade(uint64_t i)
{
	MARK_TRADE(mark_symbols[i % 8], (int)(i % 5000), 100.0 + (double)(i % 1000) * 0.25,
		   i % 2 ? "SELL" : "BUY", (int)(i * 7 % 997));
}

#ifdef TTLOG_PROBE_EVERY
/* Calls that are left out. */
MARK__INLINE mark__every(uint64_t i)
{
	TTLOG_PROBE_EVERY(1000000u, every, INFO, "Two integers", "a", i, "b", ~i);
}

MARK__INLINE mark__limit(uint64_t i)
{
	TTLOG_PROBE_LIMIT(10u, limit, INFO, "Two integers", "a", i, "b", ~i);
}
#endif

/* Noise made from i (splitmix64): no two fields depend on each other, nothing repeats. */
static inline uint64_t mark__noise(uint64_t i)
{
	i = (i + 1) * 0x9e3779b97f4a7c15u;
	i = (i ^ i >> 30) * 0xbf58476d1ce4e5b9u;
	i = (i ^ i >> 27) * 0x94d049bb133111ebu;
	return i ^ i >> 31;
}

/* Two keys: one that does not tell its position, and one that does. */
MARK__INLINE mark__scattered(uint64_t i)
{
	MARK_TWO(mark__noise(i) >> 1, i);
}

/*
 * Fields as noisy as a market's, for sizes on disk and for reading back: a pattern would help a
 * recorder that compresses. latency_us is even over 0 to 9999: `latency_us<10` keeps 0.1%.
 */
MARK__INLINE mark__varied(uint64_t i)
{
	uint64_t noise = mark__noise(i);

	MARK_TRADE(mark_symbols[noise % 8], (int)(noise >> 3 & 0xfff) + 1,
		   (double)(10000 + (noise >> 15 & 0xffff) % 20000) / 100.0,
		   noise >> 31 & 1 ? "SELL" : "BUY", (int)((noise >> 32) % 10000));
}

/* ---- Loops of marks ---- */

#define MARK__LOOP(name)                                                                           \
	static void mark__run_##name(uint64_t from, uint64_t cnt)                                  \
	{                                                                                          \
		for (uint64_t i = from; i < from + cnt; i++) {                                     \
			BENCH_OPAQUE(i);                                                           \
			mark__##name(i);                                                           \
		}                                                                                  \
	}

MARK__LOOP(nothing)
MARK__LOOP(two)
MARK__LOOP(scattered)
MARK__LOOP(trade)
MARK__LOOP(varied)
#ifdef TTLOG_PROBE_EVERY
MARK__LOOP(every)
MARK__LOOP(limit)
#endif

struct mark_kind {
	const char *name;
	void (*run)(uint64_t from, uint64_t cnt);
};

#ifdef TTLOG_PROBE_EVERY
#define MARK_KINDS "empty|two|scattered|trade|varied|every|limit"
#else
#define MARK_KINDS "empty|two|scattered|trade|varied"
#endif

static inline const struct mark_kind *mark__find(int argc, char **argv)
{
	static const struct mark_kind kinds[] = {
		{ "empty", mark__run_nothing },       { "two", mark__run_two },
		{ "scattered", mark__run_scattered }, { "trade", mark__run_trade },
		{ "varied", mark__run_varied },
#ifdef TTLOG_PROBE_EVERY
		{ "every", mark__run_every },         { "limit", mark__run_limit },
#endif
	};

	for (size_t i = 0; argc > 1 && i < sizeof(kinds) / sizeof(*kinds); i++) {
		if (strcmp(argv[1], kinds[i].name) == 0)
			return &kinds[i];
	}
	return NULL;
}

#endif /* MARK_H */
