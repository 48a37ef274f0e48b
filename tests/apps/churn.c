/* SPDX-License-Identifier: MIT */
/*
 * Threads that come and go, and change their names.
 *
 * usage: churn SEATS
 *
 * In each of SEATS seats, one thread follows another. Each thread logs `named` (name, tid) under
 * three names, some ms apart; the fields are the thread's name at that time, and its tid. The
 * program says "ready" when it has begun, and ends at the end of stdin.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdint.h>

#define TTLOG_SERVICE "churn"
#include <ttlog/ttlog.h>

#include "app.h"

#define PAUSE_US 2000

static volatile int over;

static void *churn__live(void *arg)
{
	static const char *const names[] = { "first", "second", "third" };
	int seat = (int)(intptr_t)arg;
	char name[16];

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		snprintf(name, sizeof(name), "%s-%d", names[i], seat);
		if (pthread_setname_np(pthread_self(), name))
			abort();
		TTLOG_PROBE(named, INFO, "Named", "name", name, "tid", (int)gettid());
		usleep(PAUSE_US);
	}
	return NULL;
}

static void *churn__fill_seat(void *arg)
{
	pthread_t thread;

	while (!over) {
		if (pthread_create(&thread, NULL, churn__live, arg))
			abort();
		pthread_join(thread, NULL);
	}
	return NULL;
}

int main(int argc, char **argv)
{
	int seat_cnt = argc == 2 ? atoi(argv[1]) : 0;
	pthread_t seats[APP_MAX_THREADS];

	if (seat_cnt < 1 || seat_cnt > APP_MAX_THREADS) {
		fputs("usage: churn SEATS\n", stderr);
		return 2;
	}
	for (int i = 0; i < seat_cnt; i++) {
		if (pthread_create(&seats[i], NULL, churn__fill_seat, (void *)(intptr_t)i))
			abort();
	}
	app__say("ready");
	while (getchar() != EOF)
		continue;
	over = 1;
	for (int i = 0; i < seat_cnt; i++)
		pthread_join(seats[i], NULL);
	return 0;
}
