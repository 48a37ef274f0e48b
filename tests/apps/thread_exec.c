/* SPDX-License-Identifier: MIT */
/*
 * A thread other than the first calls exec: the process stays, but has another first thread.
 *
 * usage: thread_exec LIBRARY EVENTS
 *
 * Says "start" and waits; logs EVENTS events `before` (event from 0), and runs itself again from
 * another thread. Then, at each byte, it says "off" as long as its marks are off. When they are on,
 * it logs EVENTS events `after`, loads LIBRARY (libearly.so), and says "loaded". At another byte it
 * makes the library log `lib_work` EVENTS times, and ends.
 */
#include <dlfcn.h>
#include <pthread.h>

#define TTLOG_SERVICE "thread_exec"
#include <ttlog/ttlog.h>

#include "app.h"

#define USAGE  "thread_exec LIBRARY EVENTS"
#define AGAIN  "again" /* the name of the second run */
#define EVENTS 1000000

static char **arguments;

static void *thread_exec__run(void *arg)
{
	arguments[0] = AGAIN;
	(void)execv("/proc/self/exe", arguments);
	exit(1);
	return arg;
}

static void thread_exec__be_the_first(long cnt)
{
	pthread_t thread;

	app__say("start");
	app__wait();
	for (long i = 0; i < cnt; i++)
		TTLOG_PROBE(before, INFO, "Before the exec", "event", i);
	if (pthread_create(&thread, NULL, thread_exec__run, NULL))
		exit(1);
	pthread_join(thread, NULL);
}

static void thread_exec__be_the_second(long cnt)
{
	int (*work)(int);
	void *library;

	app__wait();
	while (!TTLOG_ENABLED(INFO)) {
		app__say("off");
		app__wait();
	}
	for (long i = 0; i < cnt; i++)
		TTLOG_PROBE(after, INFO, "After the exec", "event", i);
	library = dlopen(arguments[1], RTLD_NOW);
	if (!library)
		exit(1);
	app__say("loaded");
	app__wait();
	*(void **)&work = dlsym(library, "earlylib__work");
	for (int i = 0; i < cnt; i++)
		(void)work(i);
}

int main(int argc, char **argv)
{
	long cnt;

	if (argc != 3)
		app__usage(USAGE);
	arguments = argv;
	cnt = app__number(argv[2], EVENTS, USAGE);
	if (!strcmp(argv[0], AGAIN))
		thread_exec__be_the_second(cnt);
	else
		thread_exec__be_the_first(cnt);
	return 0;
}
