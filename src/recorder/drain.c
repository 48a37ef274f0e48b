/* SPDX-License-Identifier: MIT */
/*
 * One round: read `lifecycle`, `batches`, `sched`, `events` and the chunks empty, look into the
 * mailbox, then act on the lifecycle messages. The order matters. A death is handled after all that
 * its process flushed before: it waits for the next round while a batch that was begun earlier is
 * still missing. An attached process is taken before its first batch: it is posted before its sites
 * are enabled.
 *
 * BPF wakes us at a certain fill of `batches`, and at every lifecycle message. Below that fill the
 * timer does.
 */
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "wire.h"
#include "attached_process.h"
#include "barrier.h"
#include "clock.h"
#include "drain_parts.h"
#include "job.h"
#include "kernel.h"
#include "pull.h"
#include "recorder.h"
#include "thread_priority.h"
#include "status_board.h"
#include "trigger.h"
#include "trigger_plan.h"
#include "wire_ring.h"

#define DRAIN_POLL_MS  100
#define BEHIND_POLL_MS 1
#define DRAIN_CHECK_NS 1000000000ull

/* How long to wait for messages that are being written, in a round. */
#define ROUND_WAIT_NS 200000ull

/* ---- the mailbox ---- */

static void post(struct drain *drain)
{
	const uint64_t one = 1;

	/* publish: pairs with the load in take_batch() */
	barrier__store_release(&drain->mailbox.filled, 1);
	pthread_mutex_unlock(&drain->mailbox.lock);
	(void)!write(drain->event_fd, &one, sizeof(one));
}

/* Its number. */
static uint64_t add_attached(struct mailbox *mailbox, struct attached_process *attached)
{
	attached->next = NULL;
	*mailbox->last_attached = attached;
	mailbox->last_attached = &attached->next;
	return ++mailbox->posted_cnt;
}

void drain__add_process(struct drain *drain, struct attached_process *attached)
{
	struct mailbox *mailbox = &drain->mailbox;
	uint64_t number;

	pthread_mutex_lock(&mailbox->lock);
	number = add_attached(mailbox, attached);
	post(drain);
	pthread_mutex_lock(&mailbox->lock);
	while (mailbox->taken_cnt < number && !mailbox->ended)
		pthread_cond_wait(&mailbox->taken, &mailbox->lock);
	pthread_mutex_unlock(&mailbox->lock);
}

void drain__update_process(struct drain *drain, struct attached_process *attached)
{
	pthread_mutex_lock(&drain->mailbox.lock);
	(void)add_attached(&drain->mailbox, attached);
	post(drain);
}

void drain__job_done(struct drain *drain, struct job *job)
{
	pthread_mutex_lock(&drain->mailbox.lock);
	job->next = NULL;
	*drain->mailbox.last_job = job;
	drain->mailbox.last_job = &job->next;
	post(drain);
}

void drain__request(struct drain *drain, struct trigger_request *request)
{
	struct request_list *requests = &drain->mailbox.requests;

	pthread_mutex_lock(&drain->mailbox.lock);
	/* one more would show the same as those that wait */
	if (requests->cnt == sizeof(requests->items) / sizeof(*requests->items)) {
		pthread_mutex_unlock(&drain->mailbox.lock);
		if (request->answer) {
			trigger_request__add_line(request, "error: too many requests at once");
			request->answer(request);
		}
		trigger_request__free(request);
		return;
	}
	requests->items[requests->cnt++] = request;
	post(drain);
}

void drain__ask_done(struct drain *drain)
{
	pthread_mutex_lock(&drain->mailbox.lock);
	drain->mailbox.asked = true;
	post(drain);
}

void drain__command_ended(struct drain *drain)
{
	pthread_mutex_lock(&drain->mailbox.lock);
	drain->mailbox.command_ended = true;
	post(drain);
}

static void wake(void *ctx)
{
	const struct drain *drain = ctx;
	const uint64_t one = 1;

	(void)!write(drain->event_fd, &one, sizeof(one));
}

const struct status *drain__ask_status(struct drain *drain, uint64_t max_age_ns,
				       unsigned int timeout_ms)
{
	return status_board__ask(drain->options.status, max_age_ns, timeout_ms, wake, drain);
}

void drain__set_plan(struct drain *drain, struct trigger_plan *plan)
{
	pthread_mutex_lock(&drain->mailbox.lock);
	trigger_plan__free(drain->mailbox.plan);
	drain->mailbox.plan = plan;
	post(drain);
}

void drain__take_attached(struct drain *drain)
{
	struct attached_process *attached;
	uint64_t taken_cnt;

	pthread_mutex_lock(&drain->mailbox.lock);
	attached = drain->mailbox.attached;
	drain->mailbox.attached = NULL;
	drain->mailbox.last_attached = &drain->mailbox.attached;
	taken_cnt = drain->mailbox.posted_cnt;
	pthread_mutex_unlock(&drain->mailbox.lock);
	if (!attached)
		return;
	while (attached) {
		struct attached_process *next = attached->next;

		looks__take(&drain->recorder->looks, attached);
		attached_process__free(attached);
		attached = next;
	}
	if (drain->options.noticed)
		drain->options.noticed(drain->options.ctx);
	pthread_mutex_lock(&drain->mailbox.lock);
	drain->mailbox.taken_cnt = taken_cnt;
	pthread_cond_broadcast(&drain->mailbox.taken);
	pthread_mutex_unlock(&drain->mailbox.lock);
}

static void take_jobs(struct drain *drain)
{
	struct job *job;

	pthread_mutex_lock(&drain->mailbox.lock);
	job = drain->mailbox.jobs;
	drain->mailbox.jobs = NULL;
	drain->mailbox.last_job = &drain->mailbox.jobs;
	pthread_mutex_unlock(&drain->mailbox.lock);
	while (job) {
		struct job *next = job->next;

		jobs__done(&drain->recorder->jobs, job);
		job = next;
	}
}

/* ---- the thread ---- */

static void handle_requests(struct drain *drain)
{
	struct request_list requests;
	struct trigger_plan *plan;
	bool asked, command_ended;

	pthread_mutex_lock(&drain->mailbox.lock);
	plan = drain->mailbox.plan;
	drain->mailbox.plan = NULL;
	asked = drain->mailbox.asked;
	drain->mailbox.asked = false;
	command_ended = drain->mailbox.command_ended;
	drain->mailbox.command_ended = false;
	requests = drain->mailbox.requests;
	drain->mailbox.requests.cnt = 0;
	drain->stopping = drain->mailbox.stopping;
	drain->mailbox.filled = drain->mailbox.attached != NULL;
	pthread_mutex_unlock(&drain->mailbox.lock);
	if (plan)
		recorder__set_plan(drain->recorder, plan);
	/* threads that began before the requests must be known, to be pulled from */
	if (requests.cnt)
		drain__take_all(drain, DRAIN_WHOLE_WAIT_NS);
	for (size_t i = 0; i < requests.cnt; i++)
		trigger_rounds__request(&drain->recorder->triggers, requests.items[i],
					&drain->meanwhile);
	if (asked)
		processes__tell_done(&drain->recorder->processes);
	if (command_ended)
		processes__command_ended(&drain->recorder->processes);
}

static void show_status(struct drain *drain)
{
	struct status_board *board = drain->options.status;
	struct status *status;
	uint64_t now_ns;

	if (!board || !status_board__begin(board, &now_ns))
		return;
	puller__pull_new(&drain->recorder->puller, &drain->meanwhile);
	status = recorder__status(drain->recorder, now_ns);
	if (status) {
		wire_ring__read(drain->rings.batches, &status->batches.bytes,
				&status->batches.used_bytes);
		status->batches.peak_bytes = wire_ring__peak_bytes(drain->rings.batches);
		wire_ring__read(drain->rings.lifecycle, &status->lifecycle.bytes,
				&status->lifecycle.used_bytes);
		status->lifecycle.peak_bytes = wire_ring__peak_bytes(drain->rings.lifecycle);
	}
	status_board__put(board, status, now_ns);
}

static void wait_for_work(struct drain *drain)
{
	struct epoll_event events[4];
	uint64_t posted, now;

	int wait_ms = drain->is_behind ? BEHIND_POLL_MS : DRAIN_POLL_MS;

	wait_ms = live_rounds__wait_ms(&drain->recorder->rounds, wait_ms);
	wait_ms = trigger_rounds__wait_ms(&drain->recorder->triggers, wait_ms);
	wait_ms = stream_rounds__wait_ms(&drain->recorder->streams, wait_ms);
	(void)epoll_wait(drain->epoll_fd, events, 4, wait_ms);
	(void)!read(drain->event_fd, &posted, sizeof(posted));
	now = clock__now_mono_ns();
	if (now - drain->checked_ns >= DRAIN_CHECK_NS) {
		clock__sample(drain->options.clock);
		ends__sweep(&drain->recorder->ends);
		drain->checked_ns = now;
	}
}

static void finish(struct drain *drain)
{
	/* threads that began after the last round must be known, to be pulled from */
	drain__take_all(drain, DRAIN_WHOLE_WAIT_NS);
	puller__pull(&drain->recorder->puller, 0, &drain->meanwhile);
	drain__take_all(drain, DRAIN_WHOLE_WAIT_NS);
	ends__settle(&drain->recorder->ends);
	live_rounds__show_all(&drain->recorder->rounds);
	trigger_rounds__flush(&drain->recorder->triggers, &drain->meanwhile);
	stream_rounds__end_all(&drain->recorder->streams);
	jobs__snapshot(&drain->recorder->jobs, drain->last_request);
	while (jobs__last(&drain->recorder->jobs)) {
		wait_for_work(drain);
		take_jobs(drain);
	}
}

static void *run(void *arg)
{
	struct drain *drain = arg;

	(void)pthread_setname_np(pthread_self(), "ttlog-drain");
	thread_priority__set(THREAD_PRIORITY_DRAIN);
	while (!drain->stopping) {
		barrier__store_relaxed(&drain->rounds, drain->rounds + 1);
		wait_for_work(drain);
		stream_rounds__begin(&drain->recorder->streams);
		drain__take_all(drain, ROUND_WAIT_NS);
		take_jobs(drain);
		jobs__hurry(&drain->recorder->jobs);
		handle_requests(drain);
		show_status(drain);
		trigger_rounds__run(&drain->recorder->triggers, &drain->meanwhile);
		live_rounds__show(&drain->recorder->rounds, &drain->meanwhile);
		stream_rounds__write(&drain->recorder->streams, &drain->meanwhile,
				     drain->is_behind);
		puller__pull_idle(&drain->recorder->puller, &drain->meanwhile);
	}
	finish(drain);
	if (drain->options.status)
		status_board__close(drain->options.status);
	pthread_mutex_lock(&drain->mailbox.lock);
	drain->mailbox.ended = true;
	pthread_cond_broadcast(&drain->mailbox.taken);
	pthread_mutex_unlock(&drain->mailbox.lock);
	return NULL;
}

/* Edge-triggered: otherwise a ring buffer that is not empty, but below the fill that wakes us,
 * would keep us awake. */
static int watch(struct drain *drain, int fd, uint32_t flags)
{
	struct epoll_event event = { .events = EPOLLIN | flags };

	return epoll_ctl(drain->epoll_fd, EPOLL_CTL_ADD, fd, &event) ? -errno : 0;
}

static int open_all(struct drain *drain)
{
	int batches = kernel__batches_fd(drain->options.kernel);
	int lifecycle = kernel__lifecycle_fd(drain->options.kernel);
	int events = kernel__events_fd(drain->options.kernel);
	int sched = kernel__sched_fd(drain->options.kernel);
	int err;

	drain->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	drain->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (drain->epoll_fd < 0 || drain->event_fd < 0)
		return -errno;
	kernel__open_rings(drain->options.kernel, &drain->rings);
	err = watch(drain, batches, EPOLLET);
	if (!err)
		err = watch(drain, lifecycle, EPOLLET);
	if (!err && events >= 0)
		err = watch(drain, events, EPOLLET);
	if (!err && sched >= 0)
		err = watch(drain, sched, EPOLLET);
	if (!err)
		err = watch(drain, drain->event_fd, 0);
	return err;
}

struct drain *drain__new(const struct drain_options *options)
{
	struct drain *drain = calloc(1, sizeof(*drain));
	int err;

	if (!drain)
		return NULL;
	drain->options = *options;
	drain->recorder = options->recorder;
	drain->meanwhile = (struct pull_meanwhile){ .act = drain__take_batches, .ctx = drain };
	drain->epoll_fd = -1;
	drain->event_fd = -1;
	drain->mailbox.last_attached = &drain->mailbox.attached;
	drain->mailbox.last_job = &drain->mailbox.jobs;
	pthread_mutex_init(&drain->mailbox.lock, NULL);
	pthread_cond_init(&drain->mailbox.taken, NULL);
	/* unused pages cost no memory; and a message that was read can't wait for memory */
	drain->backlog.bytes = malloc(DRAIN_BACKLOG_BYTES);
	err = drain->backlog.bytes ? open_all(drain) : -ENOMEM;
	if (!err)
		err = -pthread_create(&drain->thread, NULL, run, drain);
	if (err) {
		drain__free(drain);
		errno = -err;
		return NULL;
	}
	drain->has_thread = true;
	return drain;
}

uint64_t drain__rounds(const struct drain *drain)
{
	return barrier__load_relaxed(&drain->rounds);
}

void drain__stop(struct drain *drain, struct trigger_request *last)
{
	drain->last_request = last;
	pthread_mutex_lock(&drain->mailbox.lock);
	drain->mailbox.stopping = true;
	post(drain);
	pthread_join(drain->thread, NULL);
	drain->has_thread = false;
}

void drain__free(struct drain *drain)
{
	if (!drain)
		return;
	if (drain->epoll_fd >= 0)
		(void)close(drain->epoll_fd);
	if (drain->event_fd >= 0)
		(void)close(drain->event_fd);
	free(drain->backlog.bytes);
	trigger_plan__free(drain->mailbox.plan);
	while (drain->mailbox.attached) {
		struct attached_process *attached = drain->mailbox.attached;

		drain->mailbox.attached = attached->next;
		attached_process__free(attached);
	}
	pthread_cond_destroy(&drain->mailbox.taken);
	pthread_mutex_destroy(&drain->mailbox.lock);
	free(drain);
}
