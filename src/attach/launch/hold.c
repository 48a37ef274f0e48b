/* SPDX-License-Identifier: MIT */
/*
 * A few threads, each with a tracer. One of them reads the ring buffer: it seizes the next thread
 * that begins to load, leaves the reading to another one, and serves that thread. Only the tracer
 * can let a tracee go, and only while the tracee is stopped. A stop just for this might be noticed
 * (epoll_wait() returns EINTR). So if its tracee runs on, a tracer ends, which makes the kernel let
 * the tracee go, and a new one takes its place.
 */
#include "hold.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "barrier.h"
#include "call_stop.h"
#include "clock.h"
#include "thread_priority.h"
#include "tracer.h"
#include "wire.h"

/* So many programs can load at the same time, and none is missed. */
#define THREADS    4
/* How often to look at a thread that has not loaded yet: it may get other signals, or die. */
#define LOOK_NS    2000000
/* Longest wait for a thread: it may read a library very slowly, or load none. */
#define LONGEST_NS 1000000000ull

/* A thread that is seized; owned by the thread that serves it. */
struct held {
	struct tracer *tracer;
	pid_t tid;     /* 0: none yet */
	uint32_t step; /* atomic */
	sem_t told;    /* posted for each further step */
	struct held *next;
};

struct hold {
	struct hold_options options;
	int stop_fd;
	bool stops; /* atomic */

	pthread_mutex_t turn; /* of the fields below: one thread reads at a time */
	struct ring_buffer *loads;
	struct held *reader;

	pthread_mutex_t lock; /* of the fields below */
	pthread_cond_t ended;
	struct held *all;
	size_t thread_cnt;
};

/* ---- the ring buffer ---- */

static void add_held(struct hold *hold, struct held *held)
{
	pthread_mutex_lock(&hold->lock);
	held->next = hold->all;
	hold->all = held;
	pthread_mutex_unlock(&hold->lock);
}

static void remove_held(struct hold *hold, const struct held *held)
{
	pthread_mutex_lock(&hold->lock);
	for (struct held **at = &hold->all; *at; at = &(*at)->next) {
		if (*at == held) {
			*at = held->next;
			break;
		}
	}
	pthread_mutex_unlock(&hold->lock);
}

static void tell(struct hold *hold, const struct wire_load *load)
{
	pthread_mutex_lock(&hold->lock);
	for (struct held *held = hold->all; held; held = held->next) {
		if (held->tid != (pid_t)load->tid)
			continue;
		barrier__store_release(&held->step, load->step);
		(void)sem_post(&held->told);
	}
	pthread_mutex_unlock(&hold->lock);
}

/* A negative result stops the reading. */
static int take_load(void *ctx, void *message, size_t bytes)
{
	struct hold *hold = ctx;
	const struct wire_load *load = message;

	(void)bytes;
	if (load->step != WIRE_LOAD_BEGINS) {
		tell(hold, load);
		return 0;
	}
	/* it is gone, or another process traces it */
	if (tracer__seize(hold->reader->tracer, (pid_t)load->tid))
		return 0;
	hold->reader->tid = (pid_t)load->tid;
	add_held(hold, hold->reader);
	return -EINTR;
}

/* Waits until there is a thread to serve. False: the end. */
static bool await_load(struct hold *hold, struct held *held)
{
	struct pollfd fds[] = {
		{ .fd = ring_buffer__epoll_fd(hold->loads), .events = POLLIN },
		{ .fd = hold->stop_fd, .events = POLLIN },
	};

	pthread_mutex_lock(&hold->turn);
	hold->reader = held;
	while (!held->tid && !barrier__load_acquire(&hold->stops)) {
		(void)ring_buffer__consume(hold->loads);
		if (!held->tid)
			(void)poll(fds, sizeof(fds) / sizeof(*fds), -1);
	}
	pthread_mutex_unlock(&hold->turn);
	return held->tid;
}

/* ---- a held thread ---- */

enum held_state {
	HELD_WAITS, /* it runs, and will stop */
	HELD_RUNS,  /* it runs on */
	HELD_GONE,  /* it is not traced any more */
};

static enum held_state handle_stop(struct hold *hold, const struct held *held,
				   const struct tracer_stop *stop)
{
	struct tracer_resume next = { .tid = held->tid, .how = TRACER_LET_GO };

	/* else its process is stopped: it takes part without help */
	if (!(stop->status >> 16)) {
		next.sig = WSTOPSIG(stop->status);
		if (call_stop__is_of_linker(stop))
			hold->options.loaded(hold->options.ctx, held->tid);
		else
			next.how = TRACER_RUN;
	}
	tracer__resume(held->tracer, &next);
	return next.how == TRACER_RUN ? HELD_WAITS : HELD_GONE;
}

static enum held_state look_at(struct hold *hold, const struct held *held)
{
	uint32_t step = barrier__load_acquire(&held->step);
	/* a thread that stops does so before it is back in its own code */
	const struct tracer_wait wait = { .tid = held->tid, .is_patient = step == WIRE_LOAD_STOPS };
	struct tracer_stop stop;
	int err;

	do
		err = tracer__wait(held->tracer, &wait, &stop);
	while (err == -EINTR);
	if (!err && !stop.tid)
		return step == WIRE_LOAD_PASSES ? HELD_RUNS : HELD_WAITS;
	if (err || !WIFSTOPPED(stop.status))
		return HELD_GONE;
	return handle_stop(hold, held, &stop);
}

static void wait_a_little(struct held *held)
{
	const struct timespec until = clock__timespec(clock__now_mono_ns() + LOOK_NS);

	(void)sem_clockwait(&held->told, CLOCK_MONOTONIC, &until);
}

/* Returns whether it is no longer traced. */
static bool serve(struct hold *hold, struct held *held)
{
	const uint64_t end_ns = clock__now_mono_ns() + LONGEST_NS;
	enum held_state state = HELD_WAITS;

	while (state == HELD_WAITS && clock__now_mono_ns() < end_ns &&
	       !barrier__load_acquire(&hold->stops)) {
		wait_a_little(held);
		state = look_at(hold, held);
	}
	return state == HELD_GONE;
}

/* ---- the threads ---- */

/* Serves the next thread. Returns whether the tracer has let it go; else only its end does. */
static bool serve_next(struct hold *hold, struct tracer *tracer)
{
	struct held held = { .tracer = tracer };
	bool is_free = true;

	(void)sem_init(&held.told, 0, 0);
	if (await_load(hold, &held))
		is_free = serve(hold, &held);
	remove_held(hold, &held);
	(void)sem_destroy(&held.told);
	return is_free;
}

static void *run(void *arg)
{
	struct hold *hold = arg;
	struct tracer *tracer = tracer__new();

	thread_priority__set(THREAD_PRIORITY_HELPER);
	while (tracer && !barrier__load_acquire(&hold->stops)) {
		if (serve_next(hold, tracer))
			continue;
		tracer__free(tracer);
		tracer = tracer__new();
	}
	tracer__free(tracer);
	pthread_mutex_lock(&hold->lock);
	hold->thread_cnt--;
	pthread_cond_broadcast(&hold->ended);
	pthread_mutex_unlock(&hold->lock);
	return NULL;
}

static int start_thread(struct hold *hold)
{
	pthread_t thread;
	int err;

	pthread_mutex_lock(&hold->lock);
	err = pthread_create(&thread, NULL, run, hold);
	if (!err) {
		(void)pthread_setname_np(thread, "ttlog-hold");
		(void)pthread_detach(thread);
		hold->thread_cnt++;
	}
	pthread_mutex_unlock(&hold->lock);
	return -err;
}

struct hold *hold__new(const struct hold_options *options)
{
	struct hold *hold = calloc(1, sizeof(*hold));
	int err = 0;

	if (!hold)
		return NULL;
	hold->options = *options;
	pthread_mutex_init(&hold->turn, NULL);
	pthread_mutex_init(&hold->lock, NULL);
	pthread_cond_init(&hold->ended, NULL);
	hold->stop_fd = eventfd(0, EFD_CLOEXEC);
	if (hold->stop_fd >= 0)
		hold->loads = ring_buffer__new(options->loads_fd, take_load, hold, NULL);
	if (!hold->loads)
		err = -errno;
	for (size_t i = 0; !err && i < THREADS; i++)
		err = start_thread(hold);
	if (!err)
		return hold;
	hold__free(hold);
	errno = -err;
	return NULL;
}

void hold__free(struct hold *hold)
{
	if (!hold)
		return;
	barrier__store_release(&hold->stops, true);
	if (hold->stop_fd >= 0)
		(void)eventfd_write(hold->stop_fd, 1);
	pthread_mutex_lock(&hold->lock);
	while (hold->thread_cnt)
		pthread_cond_wait(&hold->ended, &hold->lock);
	pthread_mutex_unlock(&hold->lock);
	ring_buffer__free(hold->loads);
	if (hold->stop_fd >= 0)
		(void)close(hold->stop_fd);
	pthread_cond_destroy(&hold->ended);
	pthread_mutex_destroy(&hold->lock);
	pthread_mutex_destroy(&hold->turn);
	free(hold);
}
