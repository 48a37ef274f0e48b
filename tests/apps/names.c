/* SPDX-License-Identifier: MIT */
/*
 * Threads that change their names between events.
 *
 * usage: names
 *
 * Two threads, t of 0 and 1; each logs `named` (thread, name) once under each of the names
 * "first-<t>", "second-<t>", "third-<t>"; each event's name field is the name at that time.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdint.h>

#define TTLOG_SERVICE "names"
#include <ttlog/ttlog.h>

#include "app.h"

#define THREADS 2

static void *names__run(void *arg)
{
	static const char *const names[] = { "first", "second", "third" };
	int thread = (int)(intptr_t)arg;
	char name[16];

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		snprintf(name, sizeof(name), "%s-%d", names[i], thread);
		if (pthread_setname_np(pthread_self(), name))
			abort();
		TTLOG_PROBE(named, INFO, "Named", "thread", thread, "name", name);
	}
	return NULL;
}

int main(void)
{
	pthread_t threads[THREADS];

	for (int i = 0; i < THREADS; i++) {
		if (pthread_create(&threads[i], NULL, names__run, (void *)(intptr_t)i))
			abort();
	}
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	return 0;
}
