/* SPDX-License-Identifier: MIT */
/*
 * Main ends by pthread_exit() while it is recorded; then another thread loads a library again.
 *
 * usage: reload LIBRARY EVENTS
 *
 * The thread loads LIBRARY (libearly.so), says "start" and waits; makes it log `lib_work` (value
 * from 0) EVENTS times. When the main thread is gone, it says "alone" and waits; unloads the
 * library, loads it again, says "again" and waits; makes it log EVENTS more (value from EVENTS),
 * logs `over`, and ends.
 */
#include <dlfcn.h>
#include <pthread.h>
#include <semaphore.h>

#define TTLOG_SERVICE "reload"
#include <ttlog/ttlog.h>

#include "app.h"

#define USAGE "reload LIBRARY EVENTS"

static const char *path;
static long cnt;
static sem_t ends;

static void *reload__load(void)
{
	void *library = dlopen(path, RTLD_NOW);

	if (!library)
		exit(1);
	return library;
}

static void reload__work(void *library, int from)
{
	int (*work)(int);

	*(void **)&work = dlsym(library, "earlylib__work");
	for (int i = 0; i < cnt; i++)
		(void)work(from + i);
}

/* Asks the kernel for its state: the thread becomes a zombie a moment after pthread_exit(). */
static void reload__end_main(void)
{
	char name[64], state = 0;
	FILE *file;

	sem_post(&ends);
	snprintf(name, sizeof(name), "/proc/self/task/%d/stat", (int)getpid());
	while (state != 'Z') {
		file = fopen(name, "r");
		if (!file || fscanf(file, "%*d (%*[^)]) %c", &state) != 1)
			exit(1);
		fclose(file);
	}
}

static void *reload__run(void *arg)
{
	void *library = reload__load();

	app__say("start");
	app__wait();
	reload__work(library, 0);
	reload__end_main();
	app__say("alone");
	app__wait();
	dlclose(library);
	library = reload__load();
	app__say("again");
	app__wait();
	reload__work(library, (int)cnt);
	TTLOG_PROBE(over, INFO, "It is over");
	exit(0);
	return arg;
}

int main(int argc, char **argv)
{
	pthread_t thread;

	if (argc != 3)
		app__usage(USAGE);
	path = argv[1];
	cnt = app__number(argv[2], 1000000, USAGE);
	sem_init(&ends, 0, 0);
	if (pthread_create(&thread, NULL, reload__run, NULL))
		return 1;
	while (sem_wait(&ends))
		continue;
	pthread_exit(NULL);
}
