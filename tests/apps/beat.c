/* SPDX-License-Identifier: MIT */
/*
 * Logs at a command, with the time.
 *
 * usage: beat [THREADS [EVENTS]]	(default 0 1)
 *
 * THREADS threads log `idle` (thread) once and then wait; then it says "ready". For each byte on
 * stdin it logs EVENTS events `beat` (n from 0, at_ns, the time by CLOCK_MONOTONIC) and says
 * "beat". Ends at the end of stdin.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdint.h>
#include <time.h>

#define TTLOG_SERVICE "beat"
#include <ttlog/ttlog.h>

#include "app.h"

#define MAX_THREADS 4000
#define USAGE       "beat [THREADS [EVENTS]]"

static pthread_barrier_t begin;

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static void *wait_for_ever(void *arg)
{
	int thread = (int)(intptr_t)arg;

	TTLOG_PROBE(idle, DEBUG, "Idle", "thread", thread);
	pthread_barrier_wait(&begin);
	for (;;)
		pause();
	return NULL;
}

int main(int argc, char **argv)
{
	long cnt = argc > 1 ? app__number(argv[1], MAX_THREADS, USAGE) : 0;
	long events = argc > 2 ? app__number(argv[2], 1000000, USAGE) : 1;
	uint64_t n = 0;
	char byte;

	pthread_barrier_init(&begin, NULL, (unsigned int)cnt + 1);
	for (long i = 0; i < cnt; i++) {
		pthread_attr_t attr;
		pthread_t thread;

		pthread_attr_init(&attr);
		pthread_attr_setstacksize(&attr, 65536);
		if (pthread_create(&thread, &attr, wait_for_ever, (void *)(intptr_t)i))
			return 1;
	}
	pthread_barrier_wait(&begin);
	app__say("ready");
	while (read(0, &byte, 1) == 1) {
		for (long i = 0; i < events; i++)
			TTLOG_PROBE(beat, INFO, "Beat", "n", n++, "at_ns", now_ns());
		app__say("beat");
	}
	return 0;
}
