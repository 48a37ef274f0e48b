/* SPDX-License-Identifier: MIT */
/*
 * Threads that come and go in a program that has many pthread keys.
 *
 * usage: keys THREADS EVENTS
 *
 * Says "start", waits for a byte. Then THREADS threads, one after the other, log `step` (thread,
 * count), EVENTS of them each, and end. Says "ended", waits for a byte.
 */
#include <pthread.h>

#define TTLOG_SERVICE "keys"
#include <ttlog/ttlog.h>

#include "app.h"

#define USAGE "keys THREADS EVENTS"
#define KEYS  40

static long events_cnt;

/* Makes keys before the header makes its own, as libraries do. From 32 keys on, glibc allocates
 * memory for each thread. */
__attribute__((constructor(101))) static void keys__use(void)
{
	pthread_key_t key;

	for (int i = 0; i < KEYS; i++) {
		if (pthread_key_create(&key, NULL))
			abort();
	}
}

static void *keys__log(void *arg)
{
	for (long i = 0; i < events_cnt; i++)
		TTLOG_PROBE(step, INFO, "Step", "thread", *(long *)arg, "count", i);
	return NULL;
}

int main(int argc, char **argv)
{
	long threads_cnt;
	pthread_t thread;

	if (argc != 3)
		app__usage(USAGE);
	threads_cnt = app__number(argv[1], 1000000, USAGE);
	events_cnt = app__number(argv[2], 1000000, USAGE);
	app__say("start");
	app__wait();
	for (long i = 0; i < threads_cnt; i++) {
		if (pthread_create(&thread, NULL, keys__log, &i) || pthread_join(thread, NULL))
			abort();
	}
	app__say("ended");
	app__wait();
	return 0;
}
