/* SPDX-License-Identifier: MIT */
/*
 * Logs fast, recorded or not, and counts the events that went into a batch.
 *
 * usage: flood FILE THREADS RATE
 *
 * THREADS threads log `flooded` (thread, n from 1) at RATE events a second each, 0: as fast as they
 * can. FILE is mapped and holds a uint64_t for each thread: its newest n. Only events that go into
 * the thread's batch are numbered, so collectors have to account for exactly these.
 * Says "ready" when all threads run; at the end of stdin they stop, and it ends.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <sys/mman.h>
#include <time.h>

#define TTLOG_SERVICE "flood"
#include <ttlog/ttlog.h>

#include "app.h"

#define USAGE "flood FILE THREADS RATE"

/* Threads with a rate log so often, as many events as are due. */
#define PACE_NS 1000000

static volatile uint64_t *counts;
static long rate;
static volatile int over;
static pthread_barrier_t begin;

/* As TTLOG_PROBE, but tells whether the event was recorded. */
static int flood__log(int thread, uint64_t n)
{
	return TTLOG__RECORD(__COUNTER__, 2, "flooded", TTLOG_LEVEL_INFO, TTLOG_SITE_EVENT,
			     "Flooded", 2, "Flooded", "thread", thread, "n", n) != 0;
}

static void *flood__run(void *arg)
{
	int thread = (int)(intptr_t)arg;
	struct timespec at;

	pthread_barrier_wait(&begin);
	clock_gettime(CLOCK_MONOTONIC, &at);
	while (!over) {
		long due = rate ? rate / (1000000000 / PACE_NS) : 1000;

		for (; due; due--) {
			if (flood__log(thread, counts[thread] + 1))
				counts[thread]++;
		}
		if (!rate)
			continue;
		at.tv_nsec += PACE_NS;
		if (at.tv_nsec >= 1000000000) {
			at.tv_nsec -= 1000000000;
			at.tv_sec++;
		}
		while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL))
			continue;
	}
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t threads[APP_MAX_THREADS];
	long cnt;
	int fd;

	if (argc != 4)
		app__usage(USAGE);
	cnt = app__number(argv[2], APP_MAX_THREADS, USAGE);
	rate = app__number(argv[3], 1000000000, USAGE);
	fd = open(argv[1], O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (!cnt || fd < 0 || ftruncate(fd, cnt * (off_t)sizeof(*counts)))
		app__usage(USAGE);
	counts = (uint64_t *)mmap(NULL, (size_t)cnt * sizeof(*counts), PROT_READ | PROT_WRITE,
				  MAP_SHARED, fd, 0);
	if (counts == MAP_FAILED)
		return 1;
	pthread_barrier_init(&begin, NULL, (unsigned int)cnt + 1);
	for (long i = 0; i < cnt; i++) {
		if (pthread_create(&threads[i], NULL, flood__run, (void *)(intptr_t)i))
			return 1;
	}
	pthread_barrier_wait(&begin);
	app__say("ready");
	app__wait();
	over = 1;
	for (long i = 0; i < cnt; i++)
		pthread_join(threads[i], NULL);
	return 0;
}
