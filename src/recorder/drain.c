/* SPDX-License-Identifier: MIT */
/*
 * One round: read `lifecycle`, `batches` and `sched` empty, look into the mailbox, then act on the lifecycle
 * messages. The order matters. A death is handled after all that its process flushed before: it
 * waits for the next round while a batch that was begun earlier is still missing. An attached
 * process is taken before its first batch: it is posted before its sites are enabled.
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

#include "sched_wire.h"
#include "wire.h"
#include "attached_process.h"
#include "barrier.h"
#include "clock.h"
#include "drain.h"
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
#define BACKLOG_MAX    (32u << 20)
#define MESSAGE_MAX    (2 * TTLOG_BATCH_MAX_BYTES) /* the largest is a batch and its head */
#define DRAIN_CHECK_NS 1000000000ull

/* How long to wait for messages that are being written: in a round, and when all are needed. */
#define ROUND_WAIT_NS 200000ull
#define WHOLE_WAIT_NS 3000000000ull

/* Messages from `lifecycle`, one after another, each after its size and aligned to 8 bytes. */
struct backlog {
	char *bytes; /* room for BACKLOG_MAX and one more message */
	size_t len;
};

struct request_list {
	struct trigger_request *items[64];
	size_t cnt;
};

struct mailbox {
	pthread_mutex_t lock; /* of what follows; `filled` may be read without it */
	struct attached_process *attached, **last_attached;
	uint64_t posted_cnt, taken_cnt; /* of attached processes, ever */
	pthread_cond_t taken;           /* taken_cnt or `ended` has changed */
	bool ended;                     /* nothing is taken any more */
	struct job *jobs, **last_job;
	struct request_list requests;
	struct trigger_plan *plan; /* NULL: no new one */
	bool stopping, asked, command_ended;
	int filled; /* something is in it */
};

struct drain {
	struct drain_options options;
	struct recorder *recorder; /* of options */
	struct wire_ring *batches, *lifecycle;
	struct wire_ring *sched; /* NULL: without --sched */
	struct backlog backlog;
	bool is_behind; /* not all could be taken */
	struct mailbox mailbox;
	struct pull_meanwhile meanwhile; /* empties `batches` */
	int epoll_fd, event_fd;
	uint64_t round_bytes;
	uint64_t checked_ns;
	uint64_t rounds; /* relaxed: other threads look whether it grows */
	bool stopping;
	struct trigger_request *last_request;
	pthread_t thread;
	bool has_thread;
};

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

static void take_attached(struct drain *drain)
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

/* ---- ring buffers ---- */

static int take_message(void *ctx, void *data, size_t size)
{
	struct backlog *backlog = ctx;
	size_t room = sizeof(uint64_t) + ((size + 7) & ~(size_t)7);
	uint64_t len = size;

	if (room > BACKLOG_MAX + MESSAGE_MAX - backlog->len)
		return 0; /* no message of ours is so large */
	memcpy(backlog->bytes + backlog->len, &len, sizeof(len));
	memcpy(backlog->bytes + backlog->len + sizeof(len), data, size);
	backlog->len += room;
	/* the rest is for the next round: a flood must not keep batches waiting, nor take all
	 * memory */
	return backlog->len >= BACKLOG_MAX ? -EAGAIN : 0;
}

static int take_batch(void *ctx, void *data, size_t size)
{
	struct drain *drain = ctx;
	const struct wire_batch *message = data;

	/* so that what was posted before this batch was flushed is taken first */
	if (barrier__load_acquire(&drain->mailbox.filled))
		take_attached(drain);
	if (size >= sizeof(*message) && message->head.bytes >= sizeof(*message) &&
	    message->head.bytes <= size)
		recorder__take_batch(drain->recorder, message);
	drain->round_bytes += size;
	/* once around: a flood must not keep lifecycle messages waiting */
	return drain->round_bytes >= drain->options.batches_bytes ? -EAGAIN : 0;
}

static int take_sched(void *ctx, void *data, size_t size)
{
	struct drain *drain = ctx;

	if (size >= sizeof(struct sched_message))
		recorder__take_sched(drain->recorder, data);
	drain->round_bytes += size;
	return drain->round_bytes >= drain->options.batches_bytes ? -EAGAIN : 0;
}

static bool take_batches_within(struct drain *drain, uint64_t longest_ns)
{
	bool whole;

	drain->round_bytes = 0;
	whole = wire_ring__take(drain->batches, take_batch, drain, longest_ns);
	if (drain->sched) {
		drain->round_bytes = 0;
		whole &= wire_ring__take(drain->sched, take_sched, drain, longest_ns);
	}
	processes__tell_consumed(&drain->recorder->processes);
	return whole;
}

static bool take_batches(void *ctx)
{
	return take_batches_within(ctx, WHOLE_WAIT_NS);
}

static size_t smallest(uint32_t kind)
{
	static const size_t sizes[] = {
		[WIRE_BATCH] = sizeof(struct wire_batch),
		[WIRE_TAIL] = sizeof(struct wire_batch),
		[WIRE_BEGIN] = sizeof(struct wire_thread),
		[WIRE_END] = sizeof(struct wire_thread),
		[WIRE_CRASH] = sizeof(struct wire_crash),
		[WIRE_REPORTER] = sizeof(struct wire_crash),
		[WIRE_REQUEST] = sizeof(struct wire_request),
		[WIRE_EXIT] = sizeof(struct wire_exit),
		[WIRE_FAULT] = sizeof(struct wire_fault),
		[WIRE_THROWN] = sizeof(struct wire_thrown),
		[WIRE_STACK] = sizeof(struct wire_stack),
		[WIRE_OTHER] = sizeof(struct wire_other),
	};

	return kind < sizeof(sizes) / sizeof(*sizes) ? sizes[kind] : 0;
}

static void handle_lifecycle(struct drain *drain)
{
	struct backlog *backlog = &drain->backlog;

	for (size_t at = 0; at < backlog->len;) {
		const struct wire_head *head;
		uint64_t size;

		memcpy(&size, backlog->bytes + at, sizeof(size));
		head = (const struct wire_head *)(backlog->bytes + at + sizeof(size));
		at += sizeof(size) + ((size + 7) & ~7ull);
		if (size < sizeof(*head) || size < smallest(head->kind) || head->bytes > size)
			continue;
		/* a snapshot by request has what other threads have not flushed; a program may ask
		 * in a loop, and have thousands of threads */
		if (head->kind == WIRE_REQUEST && recorder__heeds_request(drain->recorder, head))
			puller__pull(&drain->recorder->puller, head->tgid, &drain->meanwhile);
		recorder__take_message(drain->recorder, head);
	}
	backlog->len = 0;
}

static void take_all(struct drain *drain, uint64_t longest_ns)
{
	bool whole;

	/* many messages may wait for batches */
	whole = drain->backlog.len < BACKLOG_MAX &&
		wire_ring__take(drain->lifecycle, take_message, &drain->backlog, longest_ns);
	drain->is_behind = !whole;
	whole = take_batches_within(drain, longest_ns);
	drain->is_behind |= !whole;
	take_attached(drain);
	if (!whole)
		return;
	handle_lifecycle(drain);
	if (!drain->is_behind)
		ends__round(&drain->recorder->ends);
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
		take_all(drain, WHOLE_WAIT_NS);
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
		wire_ring__read(drain->batches, &status->batches.bytes,
				&status->batches.used_bytes);
		status->batches.peak_bytes = wire_ring__peak_bytes(drain->batches);
		wire_ring__read(drain->lifecycle, &status->lifecycle.bytes,
				&status->lifecycle.used_bytes);
		status->lifecycle.peak_bytes = wire_ring__peak_bytes(drain->lifecycle);
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
	take_all(drain, WHOLE_WAIT_NS);
	puller__pull(&drain->recorder->puller, 0, &drain->meanwhile);
	take_all(drain, WHOLE_WAIT_NS);
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
		take_all(drain, ROUND_WAIT_NS);
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
	int err;

	drain->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	drain->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (drain->epoll_fd < 0 || drain->event_fd < 0)
		return -errno;
	kernel__open_rings(drain->options.kernel, &drain->batches, &drain->lifecycle);
	err = watch(drain, batches, EPOLLET);
	if (!err)
		err = watch(drain, lifecycle, EPOLLET);
	drain->sched = kernel__sched_ring(drain->options.kernel);
	if (!err && drain->sched)
		err = watch(drain, kernel__sched_fd(drain->options.kernel), EPOLLET);
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
	drain->meanwhile = (struct pull_meanwhile){ .act = take_batches, .ctx = drain };
	drain->epoll_fd = -1;
	drain->event_fd = -1;
	drain->mailbox.last_attached = &drain->mailbox.attached;
	drain->mailbox.last_job = &drain->mailbox.jobs;
	pthread_mutex_init(&drain->mailbox.lock, NULL);
	pthread_cond_init(&drain->mailbox.taken, NULL);
	/* unused pages cost no memory; and a message that was read can't wait for memory */
	drain->backlog.bytes = malloc(BACKLOG_MAX + MESSAGE_MAX);
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
