/* SPDX-License-Identifier: MIT */
/*
 * The cost of a probe that is not ours, for the thread that hits it.
 *
 * usage: foreign probe|text|call EVENTS
 *
 *	probe	bench_foreign:two, two 64-bit integers
 *	text	bench_foreign:text, a text of 40 bytes
 *	call	foreign__work(i), a function
 *
 * Prints one JSON object: ns of wall time and of CPU time per event; `marks`: how many there were.
 */
#include <string.h>
#include <sys/sdt.h>

#include "bench.h"

__attribute__((noinline)) uint64_t foreign__work(uint64_t i);
uint64_t foreign__work(uint64_t i)
{
	__asm__ volatile("" : "+r"(i));
	return i + 1;
}

static void probe(uint64_t i)
{
	STAP_PROBE2(bench_foreign, two, i, i + 1);
}

static void text(uint64_t i)
{
	static const char *const statements[] = { "SELECT name FROM users WHERE number = 42",
						  "SELECT name FROM goods WHERE number = 43" };

	STAP_PROBE1(bench_foreign, text, statements[i % 2]);
}

static void call(uint64_t i)
{
	(void)foreign__work(i);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*hit)(uint64_t i);
	} kinds[] = { { "probe", probe }, { "text", text }, { "call", call } };
	uint64_t events = argc == 3 ? strtoull(argv[2], NULL, 10) : 0, begin, cpu;
	size_t kind = 0;

	while (argc == 3 && kind < 3 && strcmp(argv[1], kinds[kind].name))
		kind++;
	if (!events || kind == 3) {
		fprintf(stderr, "usage: foreign probe|text|call EVENTS\n");
		return 2;
	}
	cpu = bench__now_ns(CLOCK_PROCESS_CPUTIME_ID);
	begin = bench__now_ns(CLOCK_MONOTONIC);
	for (uint64_t i = 0; i < events; i++)
		kinds[kind].hit(i);
	begin = bench__now_ns(CLOCK_MONOTONIC) - begin;
	cpu = bench__now_ns(CLOCK_PROCESS_CPUTIME_ID) - cpu;
	printf("{\"wall_ns_per_event\": %.3f, \"cpu_ns_per_event\": %.3f, \"marks\": %llu}\n",
	       (double)begin / (double)events, (double)cpu / (double)events,
	       (unsigned long long)events);
	return 0;
}
