/* SPDX-License-Identifier: MIT */
/*
 * A pending signal: it is sent while it is blocked, and delivered when it is unblocked.
 *
 * usage: blocked EVENTS SIGNAL
 *
 * Logs EVENTS events `before` (count from 0), blocks SIGNAL (a number), raises it, unblocks it.
 * If that does not end it, it logs EVENTS events `after` and ends with status 7: a signal to itself
 * can't end the first process of a pid namespace.
 */
#include <signal.h>

#define TTLOG_SERVICE "blocked"
#include <ttlog/ttlog.h>

#include "app.h"

#define USAGE "blocked EVENTS SIGNAL"

int main(int argc, char **argv)
{
	sigset_t set;
	long events_cnt;
	int number;

	if (argc != 3)
		app__usage(USAGE);
	events_cnt = app__number(argv[1], 1000000, USAGE);
	number = (int)app__number(argv[2], SIGRTMAX, USAGE);
	for (long i = 0; i < events_cnt; i++)
		TTLOG_PROBE(before, INFO, "Before the signal", "count", i);
	sigemptyset(&set);
	sigaddset(&set, number);
	sigprocmask(SIG_BLOCK, &set, NULL);
	raise(number);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	for (long i = 0; i < events_cnt; i++)
		TTLOG_PROBE(after, INFO, "After the signal", "count", i);
	return 7;
}
