/* SPDX-License-Identifier: MIT */
/*
 * How long a switch of threads takes: two threads on one CPU hand a byte back and forth through
 * pipes, so each byte wakes a thread, and the CPU goes to it.
 *
 * usage: switches ROUNDS
 *
 * It logs one event, so that it can be recorded. Each round is two switches.
 */
#include <pthread.h>
#include <sched.h>
#include <unistd.h>

#include "mark.h"

static int there[2], back[2];

static void stay_on_one_cpu(void)
{
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(sched_getcpu(), &one);
	(void)sched_setaffinity(0, sizeof(one), &one);
}

static void *answer(void *arg)
{
	char byte;

	(void)arg;
	while (read(there[0], &byte, 1) == 1 && write(back[1], &byte, 1) == 1)
		;
	return NULL;
}

static double switch_ns(uint64_t round_cnt)
{
	const uint64_t begin = bench__now_ns(CLOCK_MONOTONIC);
	char byte = 0;

	for (uint64_t i = 0; i < round_cnt; i++) {
		if (write(there[1], &byte, 1) != 1 || read(back[0], &byte, 1) != 1)
			return -1;
	}
	return (double)(bench__now_ns(CLOCK_MONOTONIC) - begin) / (2.0 * (double)round_cnt);
}

int main(int argc, char **argv)
{
	const uint64_t round_cnt = argc > 1 ? strtoull(argv[1], NULL, 10) : 0;
	pthread_t thread;
	double ns;

	if (!round_cnt || pipe(there) || pipe(back)) {
		fprintf(stderr, "usage: switches ROUNDS\n");
		return 2;
	}
	mark__two(1);
	stay_on_one_cpu();
	if (pthread_create(&thread, NULL, answer, NULL))
		return 1;
	(void)switch_ns(round_cnt / 10 + 1); /* warm */
	ns = switch_ns(round_cnt);
	(void)close(there[1]);
	(void)pthread_join(thread, NULL);
	printf("{\"switch_ns\":%.1f}\n", ns);
	return 0;
}
