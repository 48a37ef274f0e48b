/* SPDX-License-Identifier: MIT */
/*
 * `lock` protects what threads hand each other: new streams, jobs, jobs that are done. The list of
 * open streams, and all that is made of jobs, is the encoder thread's.
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

#include "barrier.h"
#include "chunk_out.h"
#include "clock.h"
#include "job.h"
#include "segment_out.h"
#include "stream.h"
#include "stream_block.h"
#include "stream_encoder.h"
#include "stream_names.h"
#include "streams.h"

#define MAX_JOBS          4096u
#define MAX_JOB_BYTES     (256ull << 20) /* of their rings */
#define MAX_WAITING_BYTES (64ull << 20)  /* encoded, for the disk */
#define RETRY_NS          1000000000ull  /* after a segment failed */

struct streams {
	struct streams_options options;
	struct stream_writer *writer;
	struct stream_names *names;  /* NULL: no event has a stack */
	struct stream_counts counts; /* atomic members: of streams that are done */
	pthread_t thread;
	bool has_thread;

	pthread_mutex_t lock; /* what follows */
	pthread_cond_t wakeup;
	struct stream_task *first, **last;
	struct job *done;
	uint64_t job_cnt, job_bytes;
	bool is_ending;

	/* the thread's own */
	struct stream open; /* the head of the list */
	bool is_behind;     /* said that the disk is too slow */
	struct segment_room room;
	struct stream_shop shop;
};

void stream__unref(struct stream *stream)
{
	if (__atomic_sub_fetch(&stream->refs, 1, __ATOMIC_ACQ_REL))
		return;
	__atomic_add_fetch(&stream->done->written, stream__written(stream), __ATOMIC_RELAXED);
	__atomic_add_fetch(&stream->done->missed, stream__missed(stream), __ATOMIC_RELAXED);
	free(stream);
}

void streams__read_done(const struct streams *streams, struct stream_counts *ret)
{
	ret->written = barrier__load_relaxed(&streams->counts.written);
	ret->missed = barrier__load_relaxed(&streams->counts.missed);
}

uint64_t stream__durable_mono_ns(const struct stream *stream)
{
	return barrier__load_acquire(&stream->durable_mono_ns);
}

uint64_t stream__missed(const struct stream *stream)
{
	return barrier__load_acquire(&stream->missed) + barrier__load_acquire(&stream->unwritten);
}

uint64_t stream__written(const struct stream *stream)
{
	return barrier__load_acquire(&stream->written_events);
}

/* ---- for the drain thread ---- */

struct stream *streams__open(struct streams *streams, uint32_t pid)
{
	struct stream *stream = calloc(1, sizeof(*stream));

	if (!stream)
		return NULL;
	stream->done = &streams->counts;
	stream->pid = pid;
	(void)getrandom(&stream->id, sizeof(stream->id), GRND_NONBLOCK);
	/* readers show it as a number that is positive everywhere */
	stream->id >>= 1;
	stream->refs = 1;
	stream->encoder = stream_encoder__new(stream);
	if (stream->encoder)
		return stream;
	free(stream);
	return NULL;
}

bool stream__is_idle(const struct stream *stream)
{
	return !barrier__load_acquire(&stream->busy);
}

bool stream__wants_stacks(const struct stream *stream)
{
	return !__atomic_load_n(&stream->naming_cnt, __ATOMIC_ACQUIRE);
}

bool stream__wants_job(const struct stream *stream)
{
	return barrier__load_acquire(&stream->wants_job) ||
	       barrier__load_acquire(&stream->is_failing);
}

bool streams__has_room(struct streams *streams)
{
	bool has_room;

	pthread_mutex_lock(&streams->lock);
	has_room = streams->job_cnt < MAX_JOBS && streams->job_bytes < MAX_JOB_BYTES;
	pthread_mutex_unlock(&streams->lock);
	return has_room;
}

static void pass(struct streams *streams, struct stream_task *task)
{
	task->next = NULL;
	pthread_mutex_lock(&streams->lock);
	*streams->last = task;
	streams->last = &task->next;
	pthread_cond_signal(&streams->wakeup);
	pthread_mutex_unlock(&streams->lock);
}

/* In the thread of stream_names.h. */
static void pass_named(void *ctx, struct stream_task *task)
{
	struct stream *stream = task->stream;

	pass(ctx, task);
	(void)__atomic_sub_fetch(&stream->naming_cnt, 1, __ATOMIC_RELEASE);
	stream__unref(stream);
}

static void name(struct streams *streams, struct stream_task *task)
{
	struct stream *stream = task->stream;

	(void)__atomic_add_fetch(&stream->naming_cnt, 1, __ATOMIC_RELAXED);
	(void)__atomic_add_fetch(&stream->refs, 1, __ATOMIC_RELAXED);
	stream_names__put(streams->names, task);
}

/* Takes the job's stacks, which come after it; without memory, or a thread for it, there are none. */
static void submit_stacks(struct streams *streams, struct stream *stream, struct job *job)
{
	struct stream_task *task = job->stack_cnt && streams->names ? calloc(1, sizeof(*task))
								    : NULL;

	if (!task)
		return;
	task->stream = stream;
	task->stacks = job->stacks;
	task->stack_cnt = job->stack_cnt;
	task->mappings = job->crash.mappings;
	task->uid = job->source.uid;
	job->stacks = NULL;
	job->stack_cnt = 0;
	job->crash.mappings = (struct mappings){ 0 };
	name(streams, task);
}

void streams__submit(struct streams *streams, struct stream *stream,
		     const struct stream_submission *submission)
{
	struct stream_task *task = calloc(1, sizeof(*task));

	if (!task) {
		job__free(submission->job);
		__atomic_add_fetch(&stream->lost, submission->events + submission->missed,
				   __ATOMIC_RELAXED);
		return;
	}
	task->stream = stream;
	task->submission = *submission;
	barrier__store_release(&stream->busy, 1);
	pthread_mutex_lock(&streams->lock);
	streams->job_cnt++;
	streams->job_bytes += submission->job->bytes;
	pthread_mutex_unlock(&streams->lock);
	/* the last one comes after all stacks */
	if (submission->is_last) {
		submit_stacks(streams, stream, submission->job);
		if (__atomic_load_n(&stream->naming_cnt, __ATOMIC_ACQUIRE))
			name(streams, task);
		else
			pass(streams, task);
	} else {
		pass(streams, task);
		submit_stacks(streams, stream, submission->job);
	}
}

void streams__collect(struct streams *streams)
{
	struct job *job;

	/* without the lock an empty list may be out of date; the next call sees the jobs */
	if (!barrier__load_acquire(&streams->done))
		return;
	pthread_mutex_lock(&streams->lock);
	job = streams->done;
	streams->done = NULL;
	pthread_mutex_unlock(&streams->lock);
	while (job) {
		struct job *next = job->next;

		job__free(job);
		job = next;
	}
}

/* ---- the thread ---- */

static void put_block(void *ctx, struct stream_block *block)
{
	const struct streams *streams = ctx;

	stream_writer__put(streams->writer, block);
}

static void list(struct streams *streams, struct stream *stream)
{
	if (stream->next)
		return;
	stream->next = &streams->open;
	stream->previous = streams->open.previous;
	stream->previous->next = stream;
	streams->open.previous = stream;
}

static void unlist(struct stream *stream)
{
	if (!stream->next)
		return;
	stream->previous->next = stream->next;
	stream->next->previous = stream->previous;
	stream->next = stream->previous = NULL;
}

/* Whether the writer has room for more. Says when that changes. */
static bool can_put(struct streams *streams)
{
	const uint64_t bytes = stream_writer__waiting_bytes(streams->writer);
	const bool was_behind = streams->is_behind;

	/* so that it is not said again and again at the limit */
	streams->is_behind = bytes >= (was_behind ? MAX_WAITING_BYTES / 2 : MAX_WAITING_BYTES);
	if (streams->is_behind && !was_behind)
		fprintf(stderr,
			"ttlog-collect: %s is too slow for what is streamed: events are missing from the streams until it has caught up; the flight rings go on\n",
			streams->options.writer.dir);
	else if (was_behind && !streams->is_behind)
		fprintf(stderr, "ttlog-collect: %s has caught up with the streams\n",
			streams->options.writer.dir);
	return bytes < MAX_WAITING_BYTES;
}

/* Whether there is any use in encoding: the segment that could not be written is left first, and a
 * new one is tried now and then. */
static bool can_encode(struct streams *streams, struct stream *stream)
{
	const uint64_t now_ns = clock__now_mono_ns();

	if (stream_encoder__has_failed(stream->encoder)) {
		stream_encoder__end_segment(stream->encoder, &streams->shop);
		stream->retry_ns = now_ns + RETRY_NS;
	}
	return now_ns >= stream->retry_ns && can_put(streams);
}

static void end_stream(struct streams *streams, struct stream *stream)
{
	stream_encoder__end_segment(stream->encoder, &streams->shop);
	stream_encoder__free(stream->encoder);
	stream->encoder = NULL;
	unlist(stream);
	stream__unref(stream);
}

static void do_task(struct streams *streams, struct stream_task *task)
{
	const struct stream_submission *submission = &task->submission;
	struct stream *stream = task->stream;
	const struct stream_job job = {
		.source = &submission->job->source,
		.covers_ns = submission->covers_ns,
		.events = submission->events,
		.missed = submission->missed +
			  __atomic_exchange_n(&stream->lost, 0, __ATOMIC_RELAXED),
		.is_last = submission->is_last,
	};

	list(streams, stream);
	if (can_encode(streams, stream))
		stream_encoder__take(stream->encoder, &streams->shop, &job);
	else
		stream_encoder__drop(stream->encoder, &job);
	barrier__store_release(&stream->busy, 0);
	if (submission->is_last)
		end_stream(streams, stream);
}

/* Of jobs that were done before. */
static void do_stacks(struct streams *streams, struct stream_task *task)
{
	stream_encoder__take_stacks(task->stream->encoder, &streams->shop, task->stacks,
				    task->stack_cnt);
	task->stacks = NULL;
	task->stack_cnt = 0;
}

static void give_back(struct streams *streams, struct stream_task *task)
{
	struct job *job = task->submission.job;

	if (!job) {
		stream_task__free(task);
		return;
	}
	pthread_mutex_lock(&streams->lock);
	streams->job_cnt--;
	streams->job_bytes -= job->bytes;
	job->next = streams->done;
	barrier__store_release(&streams->done, job);
	pthread_mutex_unlock(&streams->lock);
	stream_task__free(task);
}

/* Ends segments that are old enough. Returns when the next one is; UINT64_MAX: none. */
static uint64_t end_old(struct streams *streams)
{
	const uint64_t age_ns = streams->options.segment_age_ns;
	const uint64_t now_ns = age_ns ? clock__now_mono_ns() : 0;
	uint64_t next_ns = UINT64_MAX;

	for (struct stream *at = streams->open.next; age_ns && at != &streams->open;
	     at = at->next) {
		const uint64_t begun_ns = stream_encoder__begun_ns(at->encoder);

		if (!begun_ns)
			continue;
		if (now_ns - begun_ns >= age_ns)
			stream_encoder__end_segment(at->encoder, &streams->shop);
		else if (begun_ns + age_ns < next_ns)
			next_ns = begun_ns + age_ns;
	}
	return next_ns;
}

/* NULL: it is time, or the end. */
static struct stream_task *wait_for_task(struct streams *streams, uint64_t until_ns,
					 bool *ret_is_over)
{
	const struct timespec until = clock__timespec(until_ns);
	struct stream_task *task;
	int err = 0;

	pthread_mutex_lock(&streams->lock);
	while (!streams->first && !streams->is_ending && err != ETIMEDOUT)
		err = until_ns == UINT64_MAX
			      ? pthread_cond_wait(&streams->wakeup, &streams->lock)
			      : pthread_cond_timedwait(&streams->wakeup, &streams->lock, &until);
	task = streams->first;
	if (task) {
		streams->first = task->next;
		if (!streams->first)
			streams->last = &streams->first;
	}
	*ret_is_over = !task && streams->is_ending;
	pthread_mutex_unlock(&streams->lock);
	return task;
}

static void *run(void *arg)
{
	struct streams *streams = arg;
	uint64_t next_ns = UINT64_MAX;
	bool is_over = false;

	(void)pthread_setname_np(pthread_self(), "ttlog-streams");
	while (!is_over) {
		struct stream_task *task = wait_for_task(streams, next_ns, &is_over);

		if (task && !task->submission.job)
			do_stacks(streams, task);
		else if (task)
			do_task(streams, task);
		if (task)
			give_back(streams, task);
		/* a segment that begins later is due later */
		if (next_ns == UINT64_MAX || clock__now_mono_ns() >= next_ns)
			next_ns = end_old(streams);
	}
	while (streams->open.next != &streams->open)
		end_stream(streams, streams->open.next);
	return NULL;
}

struct streams *streams__new(const struct streams_options *options)
{
	struct streams *streams = calloc(1, sizeof(*streams));
	int err = ENOMEM;

	if (!streams)
		return NULL;
	streams->options = *options;
	streams->last = &streams->first;
	streams->open.next = streams->open.previous = &streams->open;
	streams->room = (struct segment_room){
		.frame.level = options->compression,
		.take = put_block,
		.ctx = streams,
	};
	streams->shop = (struct stream_shop){
		.room = &streams->room,
		.segment_bytes = options->writer.segment_bytes,
	};
	pthread_mutex_init(&streams->lock, NULL);
	clock__init_condition(&streams->wakeup);
	streams->writer = stream_writer__new(&options->writer);
	err = streams->writer ? pthread_create(&streams->thread, NULL, run, streams) : errno;
	streams->has_thread = !err;
	if (!err && options->attach) {
		streams->names = stream_names__new(options->attach, pass_named, streams);
		err = streams->names ? 0 : errno;
	}
	if (!err)
		return streams;
	(void)streams__end(streams);
	streams__free(streams);
	errno = err;
	return NULL;
}

bool streams__end(struct streams *streams)
{
	if (!streams)
		return true;
	stream_names__free(streams->names);
	streams->names = NULL;
	if (streams->has_thread) {
		pthread_mutex_lock(&streams->lock);
		streams->is_ending = true;
		pthread_cond_signal(&streams->wakeup);
		pthread_mutex_unlock(&streams->lock);
		pthread_join(streams->thread, NULL);
		streams->has_thread = false;
	}
	streams__collect(streams);
	return stream_writer__end(streams->writer);
}

void streams__free(struct streams *streams)
{
	if (!streams)
		return;
	stream_writer__free(streams->writer);
	segment_room__fini(&streams->room);
	chunk_out__free(streams->shop.chunk);
	pthread_cond_destroy(&streams->wakeup);
	pthread_mutex_destroy(&streams->lock);
	free(streams);
}
