/* SPDX-License-Identifier: MIT */
/*
 * A program that logs, recorded or not, and counts the events that went into a batch.
 *
 * usage: bystander FD
 *
 * FD is a struct bystander shared with orphans.c. Threads log `step` (lane, n) without end, mostly
 * a little at a time, now and then as fast as they can. n counts the events that went into a batch:
 * so snapshots must hold, or report as lost, exactly these numbers.
 */
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define TTLOG_SERVICE "bystander"
#include <ttlog/ttlog.h>

#include "bystander.h"

#define EVENTS_A_TURN  50
#define PAUSE_US       100
#define TURNS_A_BURST  64  /* one of so many turns begins a burst, on average */
#define BURST_IN_TURNS 400 /* a burst has so many turns */

static struct bystander *shared;

/* As TTLOG_PROBE, but tells whether the event was recorded. */
static int log_one(unsigned int lane, uint64_t n)
{
	return TTLOG__RECORD(__COUNTER__, 2, "step", TTLOG_LEVEL_INFO, TTLOG_SITE_EVENT, "Step", 2,
			     "Step", "lane", lane, "n", n) != 0;
}

static void *run(void *arg)
{
	unsigned int number = (unsigned int)(uintptr_t)arg, state = number + 1;
	struct bystander_lane *lane = &shared->lanes[number];

	lane->tid = (uint32_t)gettid();
	for (;;) {
		bool burst = rand_r(&state) % TURNS_A_BURST == 0;
		unsigned int left = EVENTS_A_TURN * (burst ? BURST_IN_TURNS : 1);

		while (left--) {
			if (log_one(number, lane->emitted + 1))
				__atomic_store_n(&lane->emitted, lane->emitted + 1,
						 __ATOMIC_RELEASE);
			__atomic_store_n(&lane->calls, lane->calls + 1, __ATOMIC_RELEASE);
		}
		(void)usleep(PAUSE_US);
	}
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t thread;

	if (argc != 2)
		return 2;
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED, atoi(argv[1]), 0);
	if (shared == MAP_FAILED)
		return 2;
	for (uintptr_t i = 0; i < BYSTANDER_LANES; i++) {
		if (pthread_create(&thread, NULL, run, (void *)i))
			return 2;
	}
	for (;;) {
		__atomic_store_n(&shared->listening,
				 TTLOG_ENABLED(INFO) | (ttlog__listeners() & 0xffff) << 16,
				 __ATOMIC_RELEASE);
		__atomic_store_n(&shared->looks, shared->looks + 1, __ATOMIC_RELEASE);
		(void)usleep(1000);
	}
}
