/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

#include "autopsy.h"
#include "clock.h"
#include "event_stacks.h"
#include "stream_names.h"
#include "unwind.h"

#define REST_AFTER_NS 1000000000ull
#define MAX_NS        1000000000ull

struct stream_names {
	struct attach *attach;
	void (*pass)(void *ctx, struct stream_task *task);
	void *ctx;
	pthread_t thread;
	struct unwind *unwind; /* the thread's own; NULL: names by symbol tables alone */

	pthread_mutex_t lock; /* what follows */
	pthread_cond_t wakeup;
	struct stream_task *first, **last;
	bool is_ending;
};

/* After a while without a task the unwinding child ends, which keeps files open. */
static void wait_for_change(struct stream_names *names, bool *rests)
{
	const struct timespec until = clock__timespec(clock__now_mono_ns() + REST_AFTER_NS);

	if (*rests) {
		pthread_cond_wait(&names->wakeup, &names->lock);
		return;
	}
	if (pthread_cond_timedwait(&names->wakeup, &names->lock, &until) != ETIMEDOUT)
		return;
	*rests = true;
	if (names->unwind)
		unwind__rest(names->unwind);
}

/* NULL: the end. */
static struct stream_task *wait_for_task(struct stream_names *names)
{
	struct stream_task *task;
	bool rests = false;

	pthread_mutex_lock(&names->lock);
	while (!names->first && !names->is_ending)
		wait_for_change(names, &rests);
	task = names->first;
	if (task) {
		names->first = task->next;
		if (!names->first)
			names->last = &names->first;
	}
	pthread_mutex_unlock(&names->lock);
	return task;
}

static void *run(void *arg)
{
	struct stream_names *names = arg;
	struct stream_task *task;

	(void)pthread_setname_np(pthread_self(), "ttlog-stacks");
	names->unwind = unwind__new();
	while ((task = wait_for_task(names))) {
		autopsy__name_stacks(task->stacks, task->stack_cnt, &task->mappings, task->uid,
				     names->attach, names->unwind, MAX_NS);
		names->pass(names->ctx, task);
	}
	unwind__free(names->unwind);
	return NULL;
}

static void destroy(struct stream_names *names)
{
	pthread_cond_destroy(&names->wakeup);
	pthread_mutex_destroy(&names->lock);
	free(names);
}

struct stream_names *stream_names__new(struct attach *attach,
				       void (*pass)(void *ctx, struct stream_task *task), void *ctx)
{
	struct stream_names *names = calloc(1, sizeof(*names));
	int err;

	if (!names)
		return NULL;
	*names = (struct stream_names){ .attach = attach, .pass = pass, .ctx = ctx };
	names->last = &names->first;
	pthread_mutex_init(&names->lock, NULL);
	clock__init_condition(&names->wakeup);
	err = pthread_create(&names->thread, NULL, run, names);
	if (!err)
		return names;
	destroy(names);
	errno = err;
	return NULL;
}

void stream_names__free(struct stream_names *names)
{
	if (!names)
		return;
	pthread_mutex_lock(&names->lock);
	names->is_ending = true;
	pthread_cond_signal(&names->wakeup);
	pthread_mutex_unlock(&names->lock);
	pthread_join(names->thread, NULL);
	destroy(names);
}

void stream_task__free(struct stream_task *task)
{
	event_stacks__free_copy(task->stacks, task->stack_cnt);
	mappings__fini(&task->mappings);
	free(task);
}

void stream_names__put(struct stream_names *names, struct stream_task *task)
{
	task->next = NULL;
	pthread_mutex_lock(&names->lock);
	*names->last = task;
	names->last = &task->next;
	pthread_cond_signal(&names->wakeup);
	pthread_mutex_unlock(&names->lock);
}
