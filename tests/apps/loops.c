/* SPDX-License-Identifier: MIT */
/*
 * Logs slowly until the end of stdin.
 *
 * usage: loops [EVENTS_PER_SECOND]		(default 100)
 *
 * Logs `tick` (count from 0), says "ready" after the first, and goes on until the end of stdin;
 * then says how many it logged, as "logged N", and ends.
 */
#define _GNU_SOURCE
#include <poll.h>
#include <time.h>

#define TTLOG_SERVICE "loops"
#include <ttlog/ttlog.h>

#include "app.h"

#define USAGE "loops [EVENTS_PER_SECOND]"

/* Waits for that time; returns whether stdin has ended. */
static int loops__pause(struct timespec *pause)
{
	struct pollfd in = { .fd = 0, .events = POLLIN };
	char bytes[64];

	if (ppoll(&in, 1, pause, NULL) <= 0)
		return 0;
	return read(0, bytes, sizeof(bytes)) <= 0;
}

int main(int argc, char **argv)
{
	long rate = argc > 1 ? app__number(argv[1], 1000000, USAGE) : 100;
	struct timespec pause = { 0 };
	unsigned long count = 0;

	if (rate < 1)
		app__usage(USAGE);
	pause.tv_sec = 1 / rate;
	pause.tv_nsec = 1000000000 / rate % 1000000000;
	do {
		TTLOG_PROBE(tick, INFO, "Tick", "count", count);
		if (!count++)
			app__say("ready");
	} while (!loops__pause(&pause));
	printf("logged %lu\n", count);
	return 0;
}
