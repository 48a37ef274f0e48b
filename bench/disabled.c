/* SPDX-License-Identifier: MIT */
/*
 * The cost of a mark while no collector records: a loop without a mark, with one, and with sixteen
 * different ones in a row, where the loop itself hardly counts.
 *
 * usage: disabled empty|one|sixteen ITERATIONS
 *
 * Prints one JSON object: ns per iteration, and per mark (the whole loop, its own cost included).
 */
#include "mark.h"

static void run_empty(uint64_t cnt)
{
	for (uint64_t i = 0; i < cnt; i++)
		BENCH_OPAQUE(i);
}

static void run_one(uint64_t cnt)
{
	for (uint64_t i = 0; i < cnt; i++) {
		BENCH_OPAQUE(i);
		MARK_TWO(i, ~i);
	}
}

static void run_sixteen(uint64_t cnt)
{
	for (uint64_t i = 0; i < cnt; i++) {
		BENCH_OPAQUE(i);
		MARK_TWO(i, 1);
		MARK_TWO(i, 2);
		MARK_TWO(i, 3);
		MARK_TWO(i, 4);
		MARK_TWO(i, 5);
		MARK_TWO(i, 6);
		MARK_TWO(i, 7);
		MARK_TWO(i, 8);
		MARK_TWO(i, 9);
		MARK_TWO(i, 10);
		MARK_TWO(i, 11);
		MARK_TWO(i, 12);
		MARK_TWO(i, 13);
		MARK_TWO(i, 14);
		MARK_TWO(i, 15);
		MARK_TWO(i, 16);
	}
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*run)(uint64_t cnt);
		unsigned int marks;
	} loops[] = {
		{ "empty", run_empty, 0 },
		{ "one", run_one, 1 },
		{ "sixteen", run_sixteen, 16 },
	};
	uint64_t cnt = bench__number(argc, argv, 2, 0);

	for (size_t i = 0; cnt && i < sizeof(loops) / sizeof(*loops); i++) {
		uint64_t begin, ns;

		if (strcmp(argv[1], loops[i].name) != 0)
			continue;
		loops[i].run(cnt / 100 + 1); /* caches, and the frequency of the core */
		begin = bench__now_ns(CLOCK_MONOTONIC);
		loops[i].run(cnt);
		ns = bench__now_ns(CLOCK_MONOTONIC) - begin;
		printf("{\"recorder\": \"" MARK_RECORDER "\", \"what\": \"%s\", "
		       "\"ns_per_iteration\": %.4f, \"ns_per_mark\": %.4f}\n",
		       loops[i].name, (double)ns / (double)cnt,
		       (double)ns / (double)cnt / (loops[i].marks ? loops[i].marks : 1));
		return 0;
	}
	fputs("usage: disabled empty|one|sixteen ITERATIONS\n", stderr);
	return 2;
}
