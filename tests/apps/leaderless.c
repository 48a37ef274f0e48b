/* SPDX-License-Identifier: MIT */
/*
 * A process whose main thread has ended, by pthread_exit(), while another one goes on.
 *
 * usage: leaderless EVENTS
 *
 * When the main thread is gone, the other thread says "start" and waits; logs EVENTS events `step`
 * (event from 0), says "ready" and waits; dies of a fault.
 */
#include <pthread.h>

#define TTLOG_SERVICE "leaderless"
#include <ttlog/ttlog.h>

#include "app.h"

#define USAGE "leaderless EVENTS"

static long events_cnt;
static int *volatile nowhere;

/* Asks the kernel for its state: the thread becomes a zombie a moment after pthread_exit(). */
static void leaderless__await_end_of_main(void)
{
	char path[64], state = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", (int)getpid());
	while (state != 'Z') {
		file = fopen(path, "r");
		if (!file || fscanf(file, "%*d (%*[^)]) %c", &state) != 1)
			exit(1);
		fclose(file);
	}
}

static void *leaderless__run(void *arg)
{
	leaderless__await_end_of_main();
	app__say("start");
	app__wait();
	for (long event = 0; event < events_cnt; event++)
		TTLOG_PROBE(step, INFO, "A step", "event", event);
	app__say("ready");
	app__wait();
	*nowhere = 1;
	return arg;
}

int main(int argc, char **argv)
{
	pthread_t thread;

	if (argc != 2)
		app__usage(USAGE);
	events_cnt = app__number(argv[1], 1000000, USAGE);
	if (pthread_create(&thread, NULL, leaderless__run, NULL))
		return 1;
	pthread_exit(NULL);
}
