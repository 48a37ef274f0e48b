/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

#include "autopsy.h"
#include "clock.h"
#include "crash_entry.h"
#include "job.h"
#include "job_queue.h"
#include "unwind.h"
#include "writer.h"

#define REST_AFTER_NS 1000000000ull
#define STACKS_MAX_NS 1000000000ull /* to name the stacks of events */
#define THREAD_CNT    2
#define MAX_WAITING   4096 /* jobs */
/* Of the rings of jobs whose process has another one that waits. One such job is always taken. */
#define MAX_BYTES     (64u << 20)

struct worker {
	struct job_queue *queue;
	pthread_t thread;
	struct unwind *unwind;
	const struct job *job; /* that it works on; NULL: none */
	bool is_named;         /* its crash is in words */
};

struct job_queue {
	struct job_queue_options options;
	struct worker workers[THREAD_CNT];
	size_t worker_cnt;

	pthread_mutex_t lock; /* what follows, and the workers' jobs */
	pthread_cond_t changed;
	struct job *first, **last;
	size_t waiting_cnt;
	uint64_t waiting_bytes;
	bool stopping;
	bool given_up; /* with jobs that a thread worked at */
};

static bool is_busy(const struct job_queue *queue, uint32_t pid)
{
	for (size_t i = 0; i < THREAD_CNT; i++) {
		if (queue->workers[i].job && queue->workers[i].job->source.pid == pid)
			return true;
	}
	return false;
}

/* The first that may be done now, taken out of the queue; NULL for none. */
static struct job *take_job(struct job_queue *queue)
{
	struct job **link = &queue->first, *job;

	while (*link && is_busy(queue, (*link)->source.pid))
		link = &(*link)->next;
	job = *link;
	if (!job)
		return NULL;
	*link = job->next;
	if (!job->next)
		queue->last = link;
	queue->waiting_cnt--;
	queue->waiting_bytes -= job->bytes;
	return job;
}

/* After a while without a job the worker ends its unwinding child, which keeps files open. */
static void wait_for_change(struct worker *worker, bool *rests)
{
	struct job_queue *queue = worker->queue;
	const struct timespec until = clock__timespec(clock__now_mono_ns() + REST_AFTER_NS);

	if (*rests) {
		pthread_cond_wait(&queue->changed, &queue->lock);
		return;
	}
	if (pthread_cond_timedwait(&queue->changed, &queue->lock, &until) != ETIMEDOUT)
		return;
	*rests = true;
	if (worker->unwind)
		unwind__rest(worker->unwind);
}

static struct job *wait_for_job(struct worker *worker)
{
	struct job_queue *queue = worker->queue;
	bool rests = false;

	pthread_mutex_lock(&queue->lock);
	while (!(worker->job = take_job(queue)) && !(queue->stopping && !queue->first))
		wait_for_change(worker, &rests);
	pthread_mutex_unlock(&queue->lock);
	return (struct job *)worker->job;
}

static void do_stages(struct worker *worker, struct job *job)
{
	const struct job_queue_options *options = &worker->queue->options;

	if (!job->is_resolved) {
		autopsy__resolve(&job->crash, job->source.uid, options->attach, worker->unwind);
		autopsy__name_stacks(job->stacks, job->stack_cnt, &job->crash.mappings,
				     job->source.uid, options->attach, worker->unwind,
				     STACKS_MAX_NS);
	}
	job->is_resolved = true;
	pthread_mutex_lock(&worker->queue->lock);
	worker->is_named = true;
	pthread_mutex_unlock(&worker->queue->lock);
	writer__write(options->writer, job);
	crash_entry__send(job);
}

static void *run(void *arg)
{
	struct worker *worker = arg;
	struct job_queue *queue = worker->queue;
	struct job *job;

	(void)pthread_setname_np(pthread_self(), "ttlog-write");
	/* without memory for it a stack stays as the kernel saw it */
	worker->unwind = unwind__new();
	while ((job = wait_for_job(worker))) {
		do_stages(worker, job);
		pthread_mutex_lock(&queue->lock);
		worker->job = NULL;
		worker->is_named = false;
		/* jobs of the same process have waited for it */
		if (queue->first)
			pthread_cond_broadcast(&queue->changed);
		pthread_mutex_unlock(&queue->lock);
		queue->options.done(queue->options.ctx, job);
	}
	unwind__free(worker->unwind);
	return NULL;
}

static int start_threads(struct job_queue *queue)
{
	for (; queue->worker_cnt < THREAD_CNT; queue->worker_cnt++) {
		struct worker *worker = &queue->workers[queue->worker_cnt];

		worker->queue = queue;
		if (pthread_create(&worker->thread, NULL, run, worker))
			break;
	}
	return queue->worker_cnt ? 0 : -EAGAIN;
}

struct job_queue *job_queue__new(const struct job_queue_options *options)
{
	struct job_queue *queue = calloc(1, sizeof(*queue));
	int err;

	if (!queue)
		return NULL;
	queue->options = *options;
	queue->last = &queue->first;
	pthread_mutex_init(&queue->lock, NULL);
	clock__init_condition(&queue->changed);
	err = start_threads(queue);
	if (err) {
		job_queue__free(queue);
		errno = -err;
		return NULL;
	}
	return queue;
}

bool job_queue__is_full(struct job_queue *queue, uint64_t bytes)
{
	bool is_full;

	pthread_mutex_lock(&queue->lock);
	is_full = queue->waiting_cnt >= MAX_WAITING ||
		  (bytes && queue->waiting_cnt && queue->waiting_bytes + bytes > MAX_BYTES);
	pthread_mutex_unlock(&queue->lock);
	return is_full;
}

void job_queue__submit(struct job_queue *queue, struct job *job)
{
	job->next = NULL;
	pthread_mutex_lock(&queue->lock);
	*queue->last = job;
	queue->last = &job->next;
	queue->waiting_cnt++;
	queue->waiting_bytes += job->bytes;
	pthread_cond_signal(&queue->changed);
	pthread_mutex_unlock(&queue->lock);
}

struct job *job_queue__give_up(struct job_queue *queue)
{
	struct job *waiting;

	pthread_mutex_lock(&queue->lock);
	waiting = queue->first;
	queue->first = NULL;
	queue->last = &queue->first;
	queue->waiting_cnt = 0;
	queue->waiting_bytes = 0;
	pthread_mutex_unlock(&queue->lock);
	return waiting;
}

void job_queue__each_busy(struct job_queue *queue,
			  void (*each)(void *ctx, const struct job *job, bool is_named), void *ctx)
{
	pthread_mutex_lock(&queue->lock);
	for (size_t i = 0; i < queue->worker_cnt; i++) {
		const struct worker *worker = &queue->workers[i];

		if (!worker->job)
			continue;
		queue->given_up = true;
		each(ctx, worker->job, worker->is_named);
	}
	pthread_mutex_unlock(&queue->lock);
}

bool job_queue__hangs(struct job_queue *queue)
{
	bool hangs;

	if (!queue)
		return false;
	pthread_mutex_lock(&queue->lock);
	hangs = queue->given_up;
	pthread_mutex_unlock(&queue->lock);
	return hangs;
}

void job_queue__free(struct job_queue *queue)
{
	if (!queue)
		return;
	pthread_mutex_lock(&queue->lock);
	queue->stopping = true;
	pthread_cond_broadcast(&queue->changed);
	pthread_mutex_unlock(&queue->lock);
	for (size_t i = 0; i < queue->worker_cnt; i++)
		pthread_join(queue->workers[i].thread, NULL);
	pthread_cond_destroy(&queue->changed);
	pthread_mutex_destroy(&queue->lock);
	free(queue);
}
