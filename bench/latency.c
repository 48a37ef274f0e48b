/* SPDX-License-Identifier: MIT */
/*
 * How long one mark takes by itself: a histogram of events, with those that flush.
 *
 * usage: latency two|trade EVENTS [GAP_NS]
 *
 * Each mark stands between two readings of the clock that wait until all earlier instructions are
 * done. So it can't overlap with its neighbours, as it does in a program, and the figures are
 * higher than those of cost. The clock's own cost is measured in the same way, with nothing in
 * between. In the output, `clock` is that cost, `raw` the marks with it, `net` the marks less the
 * clock's median. After each event the program spins for GAP_NS.
 */
#include "mark.h"

#if defined(__x86_64__)
#include <x86intrin.h>

static inline uint64_t ticks__begin(void)
{
	uint64_t ticks;

	_mm_lfence();
	ticks = __rdtsc();
	_mm_lfence();
	return ticks;
}

static inline uint64_t ticks__end(void)
{
	unsigned int cpu;
	uint64_t ticks = __rdtscp(&cpu);

	_mm_lfence();
	return ticks;
}
#else
static inline uint64_t ticks__begin(void)
{
	return bench__now_ns(CLOCK_MONOTONIC);
}

static inline uint64_t ticks__end(void)
{
	return bench__now_ns(CLOCK_MONOTONIC);
}
#endif

/* Steps are exact below LINEAR ticks; above, exact to one part in 64. */
#define LINEAR (1u << 17)
#define PARTS  64u
#define STEPS  (LINEAR + (64 - 17) * PARTS)

struct histogram {
	uint64_t cnt;
	uint64_t max;
	uint32_t steps[STEPS];
};

static struct histogram clock_cost, mark_cost;

static inline void histogram__add(struct histogram *histogram, uint64_t ticks)
{
	uint64_t step = ticks;

	if (ticks >= LINEAR) {
		unsigned int top = 63 - (unsigned int)__builtin_clzll(ticks);

		step = LINEAR + (top - 17) * PARTS + (ticks >> (top - 6) & (PARTS - 1));
	}
	histogram->cnt++;
	histogram->steps[step]++;
	if (ticks > histogram->max)
		histogram->max = ticks;
}

/* The lower end of a step, in ticks. */
static uint64_t step_ticks(size_t step)
{
	size_t top = 17 + (step - LINEAR) / PARTS;

	if (step < LINEAR)
		return step;
	return (uint64_t)1 << top | (uint64_t)((step - LINEAR) % PARTS) << (top - 6);
}

static uint64_t histogram__percentile(const struct histogram *histogram, double percent)
{
	uint64_t want = (uint64_t)((double)histogram->cnt * percent / 100.0);
	uint64_t cnt = 0;

	for (size_t i = 0; i < STEPS; i++) {
		cnt += histogram->steps[i];
		if (cnt > want)
			return step_ticks(i);
	}
	return histogram->max;
}

#define LATENCY_LOOP(name)                                                                         \
	static void measure_##name(struct histogram *histogram, uint64_t cnt, uint64_t gap)        \
	{                                                                                          \
		for (uint64_t i = 0; i < cnt; i++) {                                               \
			uint64_t begin, end;                                                       \
                                                                                                   \
			BENCH_OPAQUE(i);                                                           \
			begin = ticks__begin();                                                    \
			mark__##name(i);                                                           \
			end = ticks__end();                                                        \
			histogram__add(histogram, end - begin);                                    \
			while (gap && ticks__end() - end < gap)                                    \
				continue;                                                          \
		}                                                                                  \
	}

LATENCY_LOOP(nothing)
LATENCY_LOOP(two)
LATENCY_LOOP(trade)

static double measure_ticks_per_ns(void)
{
	uint64_t ns = bench__now_ns(CLOCK_MONOTONIC), ticks = ticks__end(), passed;

	do {
		passed = bench__now_ns(CLOCK_MONOTONIC) - ns;
	} while (passed < NS_PER_S / 20);
	return (double)(ticks__end() - ticks) / (double)passed;
}

static void print_histogram(const char *name, const struct histogram *histogram, double less,
			    double ticks_per_ns)
{
	static const struct {
		const char *name;
		double percent;
	} wanted[] = {
		{ "p50", 50 }, { "p90", 90 }, { "p99", 99 }, { "p99.9", 99.9 }, { "p99.99", 99.99 }
	};
	double ns;

	printf("\"%s\": {", name);
	for (size_t i = 0; i < sizeof(wanted) / sizeof(*wanted); i++) {
		ns = (double)histogram__percentile(histogram, wanted[i].percent) / ticks_per_ns;
		printf("\"%s\": %.1f, ", wanted[i].name, ns > less ? ns - less : 0);
	}
	ns = (double)histogram->max / ticks_per_ns;
	printf("\"max\": %.1f}", ns > less ? ns - less : 0);
}

int main(int argc, char **argv)
{
	const struct mark_kind *kind = mark__find(argc, argv);
	uint64_t cnt = bench__number(argc, argv, 2, 0), warm = cnt / 50 + 1;
	uint64_t gap_ns = bench__number(argc, argv, 3, 0), gap, lost;
	double ticks_per_ns, clock_ns;
	int trade;

	trade = kind && strcmp(kind->name, "trade") == 0;
	if (!kind || !cnt || (!trade && strcmp(kind->name, "two") != 0)) {
		fputs("usage: latency two|trade EVENTS [GAP_NS]\n", stderr);
		return 2;
	}
	mark__begin();
	ticks_per_ns = measure_ticks_per_ns();
	gap = (uint64_t)((double)gap_ns * ticks_per_ns);
	measure_nothing(&clock_cost, warm, gap);
	(trade ? measure_trade : measure_two)(&mark_cost, warm, gap);
	memset(&clock_cost, 0, sizeof(clock_cost));
	memset(&mark_cost, 0, sizeof(mark_cost));
	measure_nothing(&clock_cost, cnt < 1000000 ? cnt : 1000000, 0);
	(trade ? measure_trade : measure_two)(&mark_cost, cnt, gap);
	lost = mark__end();

	clock_ns = (double)histogram__percentile(&clock_cost, 50) / ticks_per_ns;
	printf("{\"recorder\": \"" MARK_RECORDER "\", \"what\": \"%s\", \"events\": %" PRIu64
	       ", \"marks\": %" PRIu64 ", \"lost\": %" PRIu64 ", \"gap_ns\": %" PRIu64 ", ",
	       kind->name, cnt, cnt + warm, lost, gap_ns);
	print_histogram("clock", &clock_cost, 0, ticks_per_ns);
	printf(", ");
	print_histogram("raw", &mark_cost, 0, ticks_per_ns);
	printf(", ");
	print_histogram("net", &mark_cost, clock_ns, ticks_per_ns);
	puts("}");
	return 0;
}
