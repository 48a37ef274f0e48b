/* SPDX-License-Identifier: MIT */
/*
 * Each key has an item: it waits in the list; or its work runs, and it is not in the list; or it
 * rests in the list, so that the key's next work does not start too soon. After the rest, an item
 * without work is freed.
 *
 * Up to the limit of threads, one thread always waits for work: a thread that takes an item first
 * starts another one if none waits. Two items run at once; more only while those hang. Threads
 * stay, because what they read processes with (pull.c) belongs to a thread.
 */
#include "work_queue.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "clock.h"

#define BUCKETS     1024u
#define ACTIVE_CNT  2 /* at once, while none of them hangs */
#define HANGS_NS    50000000ull
#define REST_SHARE  4u /* rest: CPU time of the work times this */
#define MAX_REST_NS 1000000000ull
#define STACK_BYTES (1u << 20)

struct item {
	struct work work;          /* what = 0: no work */
	uint64_t due_ns;           /* not before */
	struct item *next;         /* in the list */
	struct item *next_of_hash; /* in its bucket */
};

enum worker_state {
	WORKER_NONE,
	WORKER_RUNS,
	WORKER_ENDED, /* and is to be joined */
};

struct worker {
	struct work_queue *queue;
	pthread_t thread;
	enum worker_state state;
};

struct work_queue {
	const char *name;
	work_fn run;
	void *ctx;
	uint32_t urgent;

	pthread_mutex_t lock; /* protects all below */
	pthread_cond_t changed;
	struct item *buckets[BUCKETS];
	struct item *first, **last;
	uint64_t taken_ns; /* when the last item was taken */
	size_t active_cnt, idle_cnt, thread_cnt;
	bool stopping;
	struct worker workers[WORK_QUEUE_MAX_THREADS];
};

static struct item **find(struct work_queue *queue, uint32_t key)
{
	struct item **link = &queue->buckets[key * 0x9e3779b1u >> 16 & (BUCKETS - 1)];

	while (*link && (*link)->work.key != key)
		link = &(*link)->next_of_hash;
	return link;
}

static void append(struct work_queue *queue, struct item *item)
{
	item->next = NULL;
	*queue->last = item;
	queue->last = &item->next;
}

static void prepend(struct work_queue *queue, struct item *item)
{
	item->next = queue->first;
	if (!queue->first)
		queue->last = &item->next;
	queue->first = item;
}

static struct item *unlink_item(struct work_queue *queue, struct item **link)
{
	struct item *item = *link;

	*link = item->next;
	if (!item->next)
		queue->last = link;
	return item;
}

static void forget(struct work_queue *queue, struct item *item)
{
	*find(queue, item->work.key) = item->next_of_hash;
	free(item);
}

static struct item *find_or_add(struct work_queue *queue, const struct work *work)
{
	struct item **link = find(queue, work->key), *item = *link;

	if (item)
		return item;
	item = calloc(1, sizeof(*item));
	if (!item)
		return NULL;
	item->work.key = work->key;
	*link = item;
	if (work->what & queue->urgent)
		prepend(queue, item);
	else
		append(queue, item);
	return item;
}

int work_queue__post(struct work_queue *queue, const struct work *work)
{
	struct item *item;

	pthread_mutex_lock(&queue->lock);
	item = find_or_add(queue, work);
	if (item) {
		item->work.what |= work->what;
		item->work.detail = work->detail;
		if (work->what & queue->urgent)
			item->due_ns = 0;
		pthread_cond_signal(&queue->changed);
	}
	pthread_mutex_unlock(&queue->lock);
	return item ? 0 : -ENOMEM;
}

/* ---- threads ---- */

/* Takes the first item that may run now from the list. NULL: none before *ret_until_ns. */
static struct item *take(struct work_queue *queue, uint64_t *ret_until_ns)
{
	const uint64_t now_ns = clock__now_mono_ns();
	const uint64_t may_ns = queue->active_cnt < ACTIVE_CNT ? 0 : queue->taken_ns + HANGS_NS;
	struct item **link = &queue->first;

	*ret_until_ns = UINT64_MAX;
	while (*link) {
		struct item *item = *link;
		const bool has_work = item->work.what;
		uint64_t due_ns = has_work && may_ns > item->due_ns ? may_ns : item->due_ns;

		if (due_ns <= now_ns) {
			(void)unlink_item(queue, link);
			if (!has_work) {
				forget(queue, item);
				continue;
			}
			queue->taken_ns = now_ns;
			return item;
		}
		if (due_ns < *ret_until_ns)
			*ret_until_ns = due_ns;
		link = &item->next;
	}
	return NULL;
}

static void wait_until(struct work_queue *queue, uint64_t until_ns)
{
	const struct timespec until = clock__timespec(until_ns);

	queue->idle_cnt++;
	if (until_ns == UINT64_MAX)
		pthread_cond_wait(&queue->changed, &queue->lock);
	else
		(void)pthread_cond_timedwait(&queue->changed, &queue->lock, &until);
	queue->idle_cnt--;
}

static void *run_worker(void *arg);

/* If it cannot start, the queue goes on with the threads that it has. */
static void start_worker(struct work_queue *queue)
{
	struct worker *worker = queue->workers;
	pthread_attr_t attributes;

	while (worker->state == WORKER_RUNS)
		if (++worker == queue->workers + WORK_QUEUE_MAX_THREADS)
			return;
	if (worker->state == WORKER_ENDED)
		(void)pthread_join(worker->thread, NULL);
	worker->state = WORKER_NONE;
	worker->queue = queue;
	pthread_attr_init(&attributes);
	(void)pthread_attr_setstacksize(&attributes, STACK_BYTES);
	if (!pthread_create(&worker->thread, &attributes, run_worker, worker)) {
		worker->state = WORKER_RUNS;
		queue->thread_cnt++;
	}
	pthread_attr_destroy(&attributes);
}

/* Called with the lock, which it releases meanwhile. */
static void do_item(struct work_queue *queue, struct item *item)
{
	const struct work work = item->work;
	uint64_t cpu_ns = clock__now_cpu_ns(), rest_ns;

	item->work.what = 0;
	item->due_ns = 0;
	queue->active_cnt++;
	if (!queue->idle_cnt)
		start_worker(queue);
	pthread_mutex_unlock(&queue->lock);
	queue->run(queue->ctx, &work);
	rest_ns = (clock__now_cpu_ns() - cpu_ns) * REST_SHARE;
	pthread_mutex_lock(&queue->lock);
	queue->active_cnt--;
	if (!(item->work.what & queue->urgent))
		item->due_ns =
			clock__now_mono_ns() + (rest_ns < MAX_REST_NS ? rest_ns : MAX_REST_NS);
	append(queue, item);
	/* a waiting thread may now take an item, or must wake up earlier */
	pthread_cond_signal(&queue->changed);
}

static void *run_worker(void *arg)
{
	struct worker *worker = arg;
	struct work_queue *queue = worker->queue;
	uint64_t until_ns;

	(void)pthread_setname_np(pthread_self(), queue->name);
	pthread_mutex_lock(&queue->lock);
	while (!queue->stopping) {
		struct item *item = take(queue, &until_ns);

		if (item)
			do_item(queue, item);
		else
			wait_until(queue, until_ns);
	}
	worker->state = WORKER_ENDED;
	queue->thread_cnt--;
	pthread_cond_broadcast(&queue->changed);
	pthread_mutex_unlock(&queue->lock);
	return NULL;
}

/* ---- up and down ---- */

struct work_queue *work_queue__new(const char *name, work_fn run, void *ctx, uint32_t urgent)
{
	struct work_queue *queue = calloc(1, sizeof(*queue));

	if (!queue)
		return NULL;
	queue->name = name;
	queue->run = run;
	queue->ctx = ctx;
	queue->urgent = urgent;
	queue->last = &queue->first;
	pthread_mutex_init(&queue->lock, NULL);
	clock__init_condition(&queue->changed);
	pthread_mutex_lock(&queue->lock);
	start_worker(queue);
	pthread_mutex_unlock(&queue->lock);
	if (queue->thread_cnt)
		return queue;
	work_queue__free(queue);
	errno = EAGAIN;
	return NULL;
}

bool work_queue__stop(struct work_queue *queue, uint64_t longest_ns)
{
	const struct timespec end = clock__timespec(clock__now_mono_ns() + longest_ns);
	bool ended;

	pthread_mutex_lock(&queue->lock);
	queue->stopping = true;
	pthread_cond_broadcast(&queue->changed);
	while (queue->thread_cnt &&
	       pthread_cond_timedwait(&queue->changed, &queue->lock, &end) != ETIMEDOUT)
		continue;
	ended = !queue->thread_cnt;
	pthread_mutex_unlock(&queue->lock);
	return ended;
}

void work_queue__free(struct work_queue *queue)
{
	if (!queue)
		return;
	for (size_t i = 0; i < WORK_QUEUE_MAX_THREADS; i++) {
		if (queue->workers[i].state == WORKER_ENDED)
			(void)pthread_join(queue->workers[i].thread, NULL);
	}
	while (queue->first)
		forget(queue, unlink_item(queue, &queue->first));
	pthread_cond_destroy(&queue->changed);
	pthread_mutex_destroy(&queue->lock);
	free(queue);
}
