/* SPDX-License-Identifier: MIT */
/*
 * A program whose buffer's pages are taken away while it waits.
 *
 * usage: paged EVENTS [busy]
 *
 * Says "start", waits for a byte. Then it logs `step` (count from 0), EVENTS of them, says "batch
 * N", the address of its buffer, waits for a byte, and so on until the end of stdin; then it ends.
 * busy: it uses a CPU while it waits, because NUMA balancing only looks at busy programs, and has a
 * second thread, because the pages of a program with one thread stay where it runs.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>

#define TTLOG_SERVICE "paged"
#include <ttlog/ttlog.h>

#include "app.h"

#define USAGE "paged EVENTS [busy]"

static void *paged__idle(void *arg)
{
	for (;;)
		pause();
	return arg;
}

/* Waits for a byte; returns whether one came. */
static int paged__wait(void)
{
	ssize_t got;
	char byte;

	do
		got = read(0, &byte, 1);
	while (got < 0 && (errno == EAGAIN || errno == EINTR));
	return got == 1;
}

int main(int argc, char **argv)
{
	long events_cnt, count = 0;
	pthread_t idle;

	if (argc < 2 || argc > 3)
		app__usage(USAGE);
	events_cnt = app__number(argv[1], 1000000, USAGE);
	if (argc == 3 &&
	    (fcntl(0, F_SETFL, O_NONBLOCK) || pthread_create(&idle, NULL, paged__idle, NULL)))
		return 2;
	app__say("start");
	while (paged__wait()) {
		for (long i = 0; i < events_cnt; i++)
			TTLOG_PROBE(step, INFO, "Step", "count", count++);
		printf("batch %llu\n", (unsigned long long)(uintptr_t)ttlog__batch);
		fflush(stdout);
	}
	return 0;
}
