/* SPDX-License-Identifier: MIT */
/*
 * A program that logs from many threads and dies in the way of its command line.
 *
 * usage: victim FD DEATH BUSY SEED
 *
 * FD is a struct lanes shared with the runner. BUSY threads log without end; four more log a little
 * and sleep, with these events in their batches. The first busy thread, the killer, starts the end
 * after a random number of events; see deaths.h. With BUSY 0 the program logs a little and exits:
 * this is what a victim execs.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#define TTLOG_SERVICE "victim"
#include <ttlog/ttlog.h>

#include "victim.h"

#define IDLE_CNT      4
#define EVENTS_A_TURN 50 /* then it yields */

struct victim victim = {
	.lock = PTHREAD_MUTEX_INITIALIZER,
	.changed = PTHREAD_COND_INITIALIZER,
};

/* ---- used by all parts ---- */

struct lane *victim__open_lane(uint32_t flags)
{
	uint32_t number = __atomic_fetch_add(&victim.lanes->lane_cnt, 1, __ATOMIC_RELAXED);
	struct lane *lane = &victim.lanes->lanes[number];

	if (number >= LANES_MAX)
		abort();
	lane->pid = (uint32_t)getpid();
	lane->tid = (uint32_t)gettid();
	lane->flags = flags;
	return lane;
}

void victim__log(struct lane *lane)
{
	unsigned int number = (unsigned int)(lane - victim.lanes->lanes);
	uint64_t n = lane->committed + 1;

	TTLOG_PROBE(step, INFO, "Step", "lane", number, "n", n);
	__atomic_store_n(&lane->committed, n, __ATOMIC_RELEASE);
}

void victim__log_in(library_log_fn log, struct lane *lane)
{
	uint64_t n = lane->committed + 1;

	log((unsigned int)(lane - victim.lanes->lanes), n);
	__atomic_store_n(&lane->committed, n, __ATOMIC_RELEASE);
}

void victim__log_last(struct lane *lane, unsigned int cnt)
{
	while (cnt--)
		victim__log(lane);
	__atomic_fetch_or(&lane->flags, LANE_CLOSED, __ATOMIC_RELEASE);
}

void victim__expect(uint32_t pid, int signal, int code)
{
	uint32_t number = __atomic_fetch_add(&victim.lanes->process_cnt, 1, __ATOMIC_RELAXED);

	if (number >= LANES_PROCESSES_MAX)
		abort();
	victim.lanes->processes[number] =
		(struct lanes_process){ .pid = pid, .signal = signal, .code = code };
}

void victim__complain(const char *what)
{
	strncpy(victim.lanes->complaint, what, sizeof(victim.lanes->complaint) - 1);
}

unsigned int victim__random(unsigned int below)
{
	static __thread unsigned int state;

	if (!state)
		state = victim.seed ^ (unsigned int)gettid() * 2654435761u;
	return (unsigned int)rand_r(&state) % below;
}

/* ---- the threads ---- */

static void work_a_little(void)
{
	for (volatile unsigned int left = victim__random(256); left; left--)
		continue;
}

static void *run_idle(void *arg)
{
	(void)arg;
	victim__log_last(victim__open_lane(0), 1 + victim__random(100));
	pthread_barrier_wait(&victim.started);
	if (victim.all_end)
		ends__thread();
	for (;;)
		pause();
	return NULL;
}

static void *run_busy(void *arg)
{
	bool is_killer = !arg;
	struct lane *lane = victim__open_lane(0);

	ends__prepare_thread();
	pthread_barrier_wait(&victim.started);
	for (;;) {
		victim__log(lane);
		if (is_killer && lane->committed == victim.target) {
			ends__killer(lane);
			is_killer = false;
		}
		if (victim.all_end && lane->committed >= victim.target) {
			lane->flags |= LANE_CLOSED;
			ends__thread();
		}
		work_a_little();
		if (lane->committed % EVENTS_A_TURN == 0)
			sched_yield();
	}
	return NULL;
}

static void start_threads(void)
{
	pthread_attr_t attr;
	pthread_t idle;

	victim.busy = calloc((size_t)victim.busy_cnt, sizeof(*victim.busy));
	pthread_barrier_init(&victim.started, NULL, (unsigned int)victim.busy_cnt + IDLE_CNT + 1);
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 256 << 10);
	for (long i = 0; i < IDLE_CNT; i++) {
		if (pthread_create(&idle, &attr, run_idle, NULL))
			abort();
	}
	for (long i = 0; i < victim.busy_cnt; i++) {
		if (pthread_create(&victim.busy[i], &attr, run_busy, (void *)i))
			abort();
	}
}

static int run_leaf(void)
{
	victim__log_last(victim__open_lane(0), 1 + victim__random(3000));
	_exit(9);
}

int main(int argc, char **argv)
{
	struct lane *lane;

	if (argc != 5)
		return 2;
	victim.argv = argv;
	victim.death = argv[2];
	victim.busy_cnt = atol(argv[3]);
	victim.seed = (unsigned int)strtoul(argv[4], NULL, 10);
	victim.lanes = mmap(NULL, sizeof(*victim.lanes), PROT_READ | PROT_WRITE, MAP_SHARED,
			    atoi(argv[1]), 0);
	if (victim.lanes == MAP_FAILED)
		return 2;
	if (!victim.busy_cnt)
		return run_leaf();
	victim.target = 1 + victim__random(victim.busy_cnt > 8 ? 300 : 2000);
	ends__prepare();
	start_threads();
	lane = victim__open_lane(0);
	for (unsigned int left = victim__random(100) + 1; left; left--)
		victim__log(lane);
	pthread_barrier_wait(&victim.started);
	return ends__main(lane);
}
