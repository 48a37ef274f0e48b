/* SPDX-License-Identifier: MIT */
/*
 * Threads that log five-field trade events.
 *
 * usage: trade [--wait] [--rate EVENTS_PER_SECOND] THREADS EVENTS
 *
 * Each of THREADS threads logs EVENTS events. Event e (from 0) of thread t (from 0) has
 *	symbol		symbols[e % 8], below
 *	quantity	e				int
 *	price		100 + t + (e % 1000) * 0.25	double
 *	side		"BUY" where e is even, else "SELL"
 *	latency_us	t * 1000000 + e % 1000000	int64_t
 * so latency_us / 1000000 names the thread, and quantity counts without a gap in each.
 *
 * --wait: says "ready" when all threads exist, and waits for a byte before the first event; says
 * "done" after the last event, and waits for another byte before the threads and the program end.
 * --rate: per thread.
 */
#include <inttypes.h>
#include <pthread.h>
#include <stdint.h>
#include <time.h>

#define TTLOG_SERVICE "trade"
#include <ttlog/ttlog.h>

#include "app.h"

#define USAGE    "trade [--wait] [--rate EVENTS_PER_SECOND] THREADS EVENTS"
#define NS_PER_S 1000000000L

static const char *const symbols[8] = { "AAPL", "MSFT", "GOOG", "AMZN",
					"NVDA", "TSLA", "META", "NFLX" };
static long events_cnt;
static long rate;
static pthread_barrier_t begin;
static pthread_barrier_t end;

static void trade__log(int thread, int event)
{
	const char *symbol = symbols[event % 8];
	double price = 100 + thread + (event % 1000) * 0.25;
	int64_t latency_us = (int64_t)thread * 1000000 + event % 1000000;

	TTLOG_PROBE(trade_executed, INFO, "Trade executed", "symbol", symbol, "quantity", event,
		    "price", price, "side", event % 2 ? "SELL" : "BUY", "latency_us", latency_us);
}

static void trade__pace(struct timespec *next)
{
	next->tv_nsec += NS_PER_S / rate;
	while (next->tv_nsec >= NS_PER_S) {
		next->tv_nsec -= NS_PER_S;
		next->tv_sec++;
	}
	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, next, NULL))
		continue;
}

static void *trade__run(void *arg)
{
	int thread = (int)(intptr_t)arg;
	struct timespec next;

	pthread_barrier_wait(&begin);
	pthread_barrier_wait(&begin);
	clock_gettime(CLOCK_MONOTONIC, &next);
	for (int event = 0; event < events_cnt; event++) {
		if (rate)
			trade__pace(&next);
		trade__log(thread, event);
	}
	pthread_barrier_wait(&end);
	pthread_barrier_wait(&end);
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t threads[APP_MAX_THREADS];
	int wait = 0;
	int arg = 1;
	long cnt;

	for (; arg < argc && argv[arg][0] == '-'; arg++) {
		if (!strcmp(argv[arg], "--wait"))
			wait = 1;
		else if (!strcmp(argv[arg], "--rate") && arg + 1 < argc)
			rate = app__number(argv[++arg], NS_PER_S, USAGE);
		else
			app__usage(USAGE);
	}
	if (argc - arg != 2)
		app__usage(USAGE);
	cnt = app__number(argv[arg], APP_MAX_THREADS, USAGE);
	events_cnt = app__number(argv[arg + 1], INT32_MAX, USAGE);
	if (cnt < 1)
		app__usage(USAGE);

	pthread_barrier_init(&begin, NULL, (unsigned int)cnt + 1);
	pthread_barrier_init(&end, NULL, (unsigned int)cnt + 1);
	for (long i = 0; i < cnt; i++) {
		if (pthread_create(&threads[i], NULL, trade__run, (void *)(intptr_t)i)) {
			fprintf(stderr, "trade: can't start thread %ld\n", i);
			return 1;
		}
	}
	pthread_barrier_wait(&begin);
	if (wait) {
		app__say("ready");
		app__wait();
	}
	pthread_barrier_wait(&begin);
	pthread_barrier_wait(&end);
	if (wait) {
		app__say("done");
		app__wait();
	}
	pthread_barrier_wait(&end);
	for (long i = 0; i < cnt; i++)
		pthread_join(threads[i], NULL);
	return 0;
}
