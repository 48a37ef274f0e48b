/* SPDX-License-Identifier: MIT */
/*
 * A signal handler that logs while its thread logs.
 *
 * usage: signals EVENTS SIGNALS
 *
 * The main thread logs `main_event` (count from 0) until it has logged EVENTS of them and a timer
 * has fired SIGNALS times; the handler logs `handler_event` (count from 0), SIGNALS of them. Says
 * how many there were of each: "main N", "handler N".
 */
#include <signal.h>
#include <sys/time.h>

#define TTLOG_SERVICE "signals"
#include <ttlog/ttlog.h>

#include "app.h"

#define USAGE     "signals EVENTS SIGNALS"
#define PERIOD_US 50

static volatile sig_atomic_t handled_cnt;
static long handled_max;

static void signals__handle(int number)
{
	int count = handled_cnt;

	(void)number;
	if (count >= handled_max)
		return;
	TTLOG_PROBE(handler_event, WARN, "In a handler", "count", count, "text", "0123456789");
	handled_cnt = count + 1;
}

static void signals__set_timer(long period_us)
{
	struct itimerval timer = { .it_interval = { .tv_usec = period_us },
				   .it_value = { .tv_usec = period_us } };

	if (setitimer(ITIMER_REAL, &timer, NULL)) {
		perror("signals: setitimer");
		exit(1);
	}
}

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = signals__handle, .sa_flags = SA_RESTART };
	long events_cnt, count = 0;

	if (argc != 3)
		app__usage(USAGE);
	events_cnt = app__number(argv[1], 1000000000, USAGE);
	handled_max = app__number(argv[2], 1000000000, USAGE);
	sigaction(SIGALRM, &action, NULL);
	signals__set_timer(PERIOD_US);
	while (count < events_cnt || handled_cnt < handled_max) {
		TTLOG_PROBE(main_event, INFO, "In main", "count", count, "text",
			    "abcdefghijklmnop");
		count++;
	}
	signals__set_timer(0);
	printf("main %ld\nhandler %ld\n", count, (long)handled_cnt);
	return 0;
}
