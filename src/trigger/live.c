/* SPDX-License-Identifier: MIT */
/*
 * `lock` protects what threads hand each other: new followers, jobs, jobs that are done, and
 * whether there are followers. The followers themselves are the live thread's.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "autopsy.h"
#include "barrier.h"
#include "contexts.h"
#include "control_wire.h"
#include "fd_message.h"
#include "job.h"
#include "live.h"
#include "live_chunk.h"
#include "live_contexts.h"
#include "record_filter.h"
#include "ring.h"
#include "unwind.h"

#define MAX_JOBS      4096u          /* of processes that end while a large job is shown */
#define MAX_BYTES     (256ull << 20) /* of their rings */
/* To name the stacks of a job's events: what is logged meanwhile waits in the ring. */
#define STACKS_MAX_NS 300000000ull
#define REST_AFTER_MS 1000       /* without work: then the unwinding child ends */
#define WAKEUP        UINT64_MAX /* other numbers are followers' places */

struct follower {
	struct record_filter *filter; /* NULL: the place is free */
	int fd;
	bool is_welcome; /* it has been told that it follows */
	bool is_gone;
	unsigned unanswered; /* live chunks */
	uint64_t dropped, missed;
	uint64_t told_dropped, told_missed;
	bool has_chunks; /* since it was last told that a round is over */
};

struct live {
	struct attach *attach;
	pthread_t thread;
	bool has_thread;
	int epoll_fd, event_fd;

	pthread_mutex_t lock;      /* what follows; `wanted` may be read without it */
	int wanted;                /* followers, new ones too */
	bool has_begun, is_ending; /* has_begun: jobs are made */
	bool is_working;
	struct follower added[LIVE_MAX_FOLLOWERS];
	unsigned added_cnt;
	struct job *first, **last, *done;
	uint64_t job_cnt, job_bytes;
	uint64_t missed; /* not told yet */

	struct follower followers[LIVE_MAX_FOLLOWERS]; /* the thread's own, as is: */
	struct live_contexts contexts;
	struct unwind *unwind; /* NULL: no stack has come yet */
};

static void wake(struct live *live)
{
	(void)eventfd_write(live->event_fd, 1);
}

/* ---- for other threads ---- */

bool live__is_full(struct live *live)
{
	return barrier__load_acquire(&live->wanted) >= LIVE_MAX_FOLLOWERS;
}

int live__add(struct live *live, int fd, struct record_filter *filter)
{
	int err = 0;

	pthread_mutex_lock(&live->lock);
	if (live->wanted < LIVE_MAX_FOLLOWERS) {
		live->added[live->added_cnt++] = (struct follower){ .filter = filter, .fd = fd };
		barrier__store_release(&live->wanted, live->wanted + 1);
	} else {
		err = -EUSERS;
	}
	pthread_mutex_unlock(&live->lock);
	if (!err)
		wake(live);
	return err;
}

enum live_state live__state(struct live *live)
{
	enum live_state state = LIVE_NOBODY;

	if (!barrier__load_acquire(&live->wanted))
		return state;
	pthread_mutex_lock(&live->lock);
	/* also with jobs of earlier: they are not for a new follower */
	if (live->wanted && (live->first || live->is_working))
		state = LIVE_BUSY;
	else if (live->wanted)
		state = live->has_begun ? LIVE_IDLE : LIVE_NEW;
	pthread_mutex_unlock(&live->lock);
	return state;
}

void live__begin(struct live *live)
{
	pthread_mutex_lock(&live->lock);
	live->has_begun = live->wanted > 0;
	pthread_mutex_unlock(&live->lock);
	wake(live);
}

void live__submit(struct live *live, struct job *job, uint64_t missed)
{
	bool too_many;

	job->next = NULL;
	pthread_mutex_lock(&live->lock);
	too_many = live->job_cnt >= MAX_JOBS ||
		   (live->job_cnt && live->job_bytes + job->bytes > MAX_BYTES);
	live->missed += missed;
	if (!too_many) {
		*live->last = job;
		live->last = &job->next;
		live->job_cnt++;
		live->job_bytes += job->bytes;
	} else if (!job->is_before) {
		live->missed += ring_copy__events(job->events);
	}
	pthread_mutex_unlock(&live->lock);
	if (too_many)
		job__free(job);
	else
		wake(live);
}

void live__collect(struct live *live)
{
	struct job *job;

	/* without the lock an empty list may be out of date; the next call sees the jobs */
	if (!barrier__load_acquire(&live->done))
		return;
	pthread_mutex_lock(&live->lock);
	job = live->done;
	live->done = NULL;
	pthread_mutex_unlock(&live->lock);
	while (job) {
		struct job *next = job->next;

		job__free(job);
		job = next;
	}
}

/* ---- a follower ---- */

/* Sends fd, too, if it is one, and closes it. Returns whether it could be sent. */
static bool send_packet(struct follower *follower, enum control_wire_kind kind, int fd,
			uint64_t events)
{
	struct control_wire_live live = {
		.kind = (uint8_t)kind,
		.events = events,
		.dropped = follower->dropped,
		.missed = follower->missed,
	};
	const struct iovec part = { .iov_base = &live, .iov_len = sizeof(live) };
	const ssize_t sent = fd_message__send(follower->fd, &part, 1, fd, MSG_DONTWAIT);
	const int err = sent < 0 ? (int)-sent : 0;

	if (fd >= 0)
		(void)close(fd);
	if (err && err != EAGAIN && err != ETOOMANYREFS && err != ENOBUFS && err != ENOMEM)
		follower->is_gone = true;
	if (err)
		return false;
	follower->told_dropped = follower->dropped;
	follower->told_missed = follower->missed;
	return true;
}

/* Reads its answers. A peer that sends anything else is no client of ours. */
static void hear(struct follower *follower)
{
	char answers[2];
	ssize_t len;

	while (!follower->is_gone) {
		len = recv(follower->fd, answers, sizeof(answers), MSG_DONTWAIT);
		if (len < 0 && errno == EINTR)
			continue;
		if (len < 0 && errno == EAGAIN)
			return;
		if (len == 1 && follower->unanswered)
			follower->unanswered--;
		else
			follower->is_gone = true;
	}
}

static bool has_room(void *ctx)
{
	struct follower *follower = ctx;

	if (follower->unanswered == CONTROL_WIRE_WINDOW)
		hear(follower);
	return !follower->is_gone && follower->unanswered < CONTROL_WIRE_WINDOW;
}

static void take_chunk(void *ctx, int fd, uint64_t events)
{
	struct follower *follower = ctx;

	if (send_packet(follower, CONTROL_WIRE_CHUNK, fd, events)) {
		follower->unanswered++;
		follower->has_chunks = true;
	} else {
		follower->dropped += events;
	}
}

static void show(struct follower *follower, const struct job *job)
{
	const struct live_chunk_sink sink = {
		.has_room = has_room,
		.take = take_chunk,
		.ctx = follower,
	};

	if (follower->is_welcome && !follower->is_gone)
		follower->dropped += live_chunk__make_all(&job->source, follower->filter, &sink);
}

/* Told if there is room in its window. */
static void end_round(struct follower *follower)
{
	bool has_news = follower->has_chunks || follower->dropped != follower->told_dropped ||
			follower->missed != follower->told_missed;

	if (has_news && follower->is_welcome && has_room(follower) &&
	    send_packet(follower, CONTROL_WIRE_COUNTS, -1, 0))
		follower->has_chunks = false;
}

static void end_follower(struct live *live, struct follower *follower)
{
	(void)close(follower->fd);
	record_filter__free(follower->filter);
	*follower = (struct follower){ .filter = NULL };
	pthread_mutex_lock(&live->lock);
	barrier__store_release(&live->wanted, live->wanted - 1);
	if (!live->wanted)
		live->has_begun = false;
	pthread_mutex_unlock(&live->lock);
}

/* ---- the thread ---- */

static struct follower *find_place(struct live *live)
{
	struct follower *follower = live->followers;

	while (follower->filter)
		follower++;
	return follower;
}

static void seat(struct live *live, const struct follower *added)
{
	struct follower *follower = find_place(live);
	struct epoll_event event = {
		.events = EPOLLIN,
		.data.u64 = (uint64_t)(follower - live->followers),
	};

	*follower = *added;
	if (epoll_ctl(live->epoll_fd, EPOLL_CTL_ADD, follower->fd, &event))
		follower->is_gone = true;
}

/* Takes new followers in; if jobs are made, all are told that they follow. */
static void admit(struct live *live)
{
	struct follower added[LIVE_MAX_FOLLOWERS];
	unsigned cnt;
	bool has_begun;

	pthread_mutex_lock(&live->lock);
	cnt = live->added_cnt;
	for (unsigned i = 0; i < cnt; i++)
		added[i] = live->added[i];
	live->added_cnt = 0;
	has_begun = live->has_begun;
	pthread_mutex_unlock(&live->lock);
	for (unsigned i = 0; i < cnt; i++)
		seat(live, &added[i]);
	for (unsigned i = 0; has_begun && i < LIVE_MAX_FOLLOWERS; i++) {
		struct follower *follower = &live->followers[i];

		if (!follower->filter || follower->is_welcome)
			continue;
		follower->is_welcome = send_packet(follower, CONTROL_WIRE_FOLLOWED, -1, 0);
		follower->is_gone |= !follower->is_welcome;
	}
}

static void count_missed(struct live *live)
{
	uint64_t missed;

	pthread_mutex_lock(&live->lock);
	missed = live->missed;
	live->missed = 0;
	pthread_mutex_unlock(&live->lock);
	for (unsigned i = 0; i < LIVE_MAX_FOLLOWERS; i++) {
		if (live->followers[i].is_welcome)
			live->followers[i].missed += missed;
	}
}

static struct job *take_job(struct live *live)
{
	struct job *job;

	pthread_mutex_lock(&live->lock);
	job = live->first;
	if (job) {
		live->first = job->next;
		if (!live->first)
			live->last = &live->first;
	}
	live->is_working = job != NULL;
	pthread_mutex_unlock(&live->lock);
	return job;
}

static void give_back(struct live *live, struct job *job)
{
	pthread_mutex_lock(&live->lock);
	live->job_cnt--;
	live->job_bytes -= job->bytes;
	job->next = live->done;
	barrier__store_release(&live->done, job);
	pthread_mutex_unlock(&live->lock);
}

/* Whether anybody is shown the job. */
static bool is_shown(const struct live *live, const struct job *job)
{
	for (unsigned i = 0; i < LIVE_MAX_FOLLOWERS && !job->is_before; i++) {
		if (live->followers[i].is_welcome && !live->followers[i].is_gone)
			return true;
	}
	return false;
}

/* Of its events; slow. */
static void name_stacks(struct live *live, struct job *job)
{
	if (!job->stack_cnt || !is_shown(live, job))
		return;
	/* without memory for it, names come by symbol tables alone */
	if (!live->unwind)
		live->unwind = unwind__new();
	autopsy__name_stacks(job->stacks, job->stack_cnt, &job->crash.mappings, job->source.uid,
			     live->attach, live->unwind, STACKS_MAX_NS);
}

static void work(struct live *live)
{
	struct job *job;

	while ((job = take_job(live))) {
		struct contexts *contexts = live_contexts__pass(&live->contexts, job);

		count_missed(live);
		name_stacks(live, job);
		for (unsigned i = 0; i < LIVE_MAX_FOLLOWERS && !job->is_before; i++)
			show(&live->followers[i], job);
		contexts__free(contexts);
		give_back(live, job);
	}
	for (unsigned i = 0; i < LIVE_MAX_FOLLOWERS; i++) {
		struct follower *follower = &live->followers[i];

		end_round(follower);
		if (follower->filter && follower->is_gone)
			end_follower(live, follower);
	}
}

static bool is_ending(struct live *live)
{
	bool ending;

	pthread_mutex_lock(&live->lock);
	ending = live->is_ending;
	pthread_mutex_unlock(&live->lock);
	return ending;
}

static void wait_for_work(struct live *live)
{
	struct epoll_event events[LIVE_MAX_FOLLOWERS + 1];
	const int rest_ms = live->unwind ? REST_AFTER_MS : -1;
	int cnt = epoll_wait(live->epoll_fd, events, LIVE_MAX_FOLLOWERS + 1, rest_ms);
	eventfd_t posted;

	/* its child keeps files open */
	if (!cnt && live->unwind) {
		unwind__free(live->unwind);
		live->unwind = NULL;
	}

	for (int i = 0; i < cnt; i++) {
		if (events[i].data.u64 == WAKEUP)
			(void)eventfd_read(live->event_fd, &posted);
		else
			hear(&live->followers[events[i].data.u64]);
	}
}

static void *run(void *arg)
{
	struct live *live = arg;
	bool ending = false;

	while (!ending) {
		wait_for_work(live);
		ending = is_ending(live);
		admit(live);
		work(live);
	}
	for (unsigned i = 0; i < LIVE_MAX_FOLLOWERS; i++) {
		struct follower *follower = &live->followers[i];

		if (!follower->filter)
			continue;
		(void)send_packet(follower, CONTROL_WIRE_END, -1, 0);
		end_follower(live, follower);
	}
	unwind__free(live->unwind);
	return NULL;
}

static int start(struct live *live)
{
	struct epoll_event event = { .events = EPOLLIN, .data.u64 = WAKEUP };
	int err;

	live->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	live->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (live->epoll_fd < 0 || live->event_fd < 0 ||
	    epoll_ctl(live->epoll_fd, EPOLL_CTL_ADD, live->event_fd, &event))
		return -errno;
	err = -pthread_create(&live->thread, NULL, run, live);
	live->has_thread = !err;
	return err;
}

struct live *live__new(struct attach *attach)
{
	struct live *live = calloc(1, sizeof(*live));
	int err;

	if (!live)
		return NULL;
	live->attach = attach;
	live->last = &live->first;
	live->epoll_fd = -1;
	live->event_fd = -1;
	pthread_mutex_init(&live->lock, NULL);
	err = start(live);
	if (err) {
		live__free(live);
		errno = -err;
		return NULL;
	}
	return live;
}

void live__free(struct live *live)
{
	if (!live)
		return;
	if (live->has_thread) {
		pthread_mutex_lock(&live->lock);
		live->is_ending = true;
		pthread_mutex_unlock(&live->lock);
		wake(live);
		pthread_join(live->thread, NULL);
	}
	live__collect(live);
	if (live->epoll_fd >= 0)
		(void)close(live->epoll_fd);
	if (live->event_fd >= 0)
		(void)close(live->event_fd);
	pthread_mutex_destroy(&live->lock);
	live_contexts__fini(&live->contexts);
	free(live);
}
