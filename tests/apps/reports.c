/* SPDX-License-Identifier: MIT */
/*
 * Errors on different ways through the program, for --stack.
 *
 * usage: reports THREADS EVENTS [ROUNDS]
 *
 * Prints "start" and waits for a byte, so many times (1). Each time, each of as many new threads logs EVENTS events `report` of level ERROR, with
 * `number` from 0, by turns called by the functions by_left() and by_right() (field `way`). Between
 * them come events `filler` of level INFO, some 40 of which fill a batch. Meanwhile each thread
 * raises SIGUSR1 before each 8th report: its handler reports, too, with the way "handler". At
 * last it prints "done", waits for a byte, and dies of SIGTERM.
 */
#include <pthread.h>
#include <signal.h>

#define TTLOG_SERVICE "reports"
#include <ttlog/ttlog.h>

#include "app.h"

#define USAGE "reports THREADS EVENTS [ROUNDS]"

static long events_cnt;

__attribute__((noinline)) static void report(long number, const char *way)
{
	TTLOG_PROBE(report, ERROR, "A report", "number", number, "way", way);
	__asm__ volatile("");
}

__attribute__((noinline)) static void by_left(long number)
{
	report(number, "left");
	__asm__ volatile("");
}

__attribute__((noinline)) static void by_right(long number)
{
	report(number, "right");
	__asm__ volatile("");
}

static void by_handler(int number)
{
	report(number, "handler");
	__asm__ volatile("");
}

static void fill(void)
{
	static char text[800];

	memset(text, 'x', sizeof(text) - 1);
	for (int i = 0; i < 7; i++)
		TTLOG_PROBE(filler, INFO, "A filler", "text", text);
}

static void *run(void *arg)
{
	(void)arg;
	for (long i = 0; i < events_cnt; i++) {
		if (i % 8 == 7)
			raise(SIGUSR1);
		if (i % 2)
			by_right(i);
		else
			by_left(i);
		fill();
	}
	return NULL;
}

static void run_threads(long threads_cnt)
{
	pthread_t threads[APP_MAX_THREADS];

	for (long i = 0; i < threads_cnt; i++)
		pthread_create(&threads[i], NULL, run, NULL);
	for (long i = 0; i < threads_cnt; i++)
		pthread_join(threads[i], NULL);
}

int main(int argc, char **argv)
{
	long threads_cnt, rounds_cnt = 1;

	if (argc != 3 && argc != 4)
		app__usage(USAGE);
	threads_cnt = app__number(argv[1], APP_MAX_THREADS, USAGE);
	events_cnt = app__number(argv[2], 1000000, USAGE);
	if (argc == 4)
		rounds_cnt = app__number(argv[3], 1000, USAGE);
	signal(SIGUSR1, by_handler);
	for (long i = 0; i < rounds_cnt; i++) {
		app__say("start");
		app__wait();
		run_threads(threads_cnt);
	}
	app__say("done");
	app__wait();
	raise(SIGTERM);
	return 0;
}
