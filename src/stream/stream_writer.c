/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "barrier.h"
#include "clock.h"
#include "recipients.h"
#include "segment_recover.h"
#include "snapshot.h"
#include "stream.h"
#include "stream_block.h"
#include "stream_writer.h"
#include "writer.h"

/* Room that the end of a segment has, in any case. */
#define END_BYTES   ((uint64_t)64 << 10)
/* A stream that is written for so long is well again. */
#define SETTLED_NS  2000000000ull
/* At the end, something must be written in this time. */
#define END_STEP_NS 20000000000ull

struct stream_writer {
	struct stream_writer_options options;
	pthread_t thread;
	bool has_thread;

	pthread_mutex_t lock; /* what follows */
	pthread_cond_t wakeup;
	struct stream_block *first, **last;
	uint64_t waiting_bytes; /* may be read without it */
	bool is_ending;

	uint64_t steps; /* blocks that are done; the thread writes it */

	/* the thread's own */
	struct stream_segment *dirty; /* with STREAM_SYNC_TIME */
	bool has_left;                /* segments that could not be completed */
};

void stream_writer__put(struct stream_writer *writer, struct stream_block *block)
{
	block->next = NULL;
	pthread_mutex_lock(&writer->lock);
	*writer->last = block;
	writer->last = &block->next;
	barrier__store_release(&writer->waiting_bytes, writer->waiting_bytes + block->len);
	pthread_cond_signal(&writer->wakeup);
	pthread_mutex_unlock(&writer->lock);
}

uint64_t stream_writer__waiting_bytes(struct stream_writer *writer)
{
	return barrier__load_acquire(&writer->waiting_bytes);
}

/* ---- the thread: segments ---- */

/* Once, until it works again. */
static void fail(struct stream_writer *writer, struct stream_segment *segment, int err)
{
	struct stream *stream = segment->stream;

	barrier__store_release(&segment->err, err);
	stream->failed_ns = clock__now_mono_ns();
	if (stream->is_failing)
		return;
	barrier__store_release(&stream->is_failing, 1);
	fprintf(stderr,
		"ttlog-collect: pid %u: its stream can't be written to %s: %s: events are missing from it until that works again; the flight ring goes on\n",
		stream->pid, writer->options.dir, strerror(-err));
}

/* A segment that failed gives up room, which the next one may take for a moment. */
static void tell_recovery(struct stream *stream)
{
	if (!stream->is_failing || clock__now_mono_ns() - stream->failed_ns < SETTLED_NS)
		return;
	barrier__store_release(&stream->is_failing, 0);
	fprintf(stderr,
		"ttlog-collect: pid %u: its stream is written again; %llu events are missing\n",
		stream->pid,
		(unsigned long long)(barrier__load_acquire(&stream->missed) + stream->unwritten));
}

/* All that was written is on disk. */
static void note_durable(struct stream_segment *segment)
{
	struct stream *stream = segment->stream;

	segment->is_dirty = false;
	segment->unsynced = 0;
	segment->synced_ns = clock__now_mono_ns();
	if (segment->covers_ns > stream->durable_mono_ns)
		barrier__store_release(&stream->durable_mono_ns, segment->covers_ns);
}

/* The kernel tries no second time to write what it could not: nothing tells which of it is there. */
static void lose_unsynced(struct stream_segment *segment)
{
	struct stream *stream = segment->stream;

	barrier__store_release(&stream->unwritten, stream->unwritten + segment->unsynced);
	barrier__store_release(&stream->written_events, stream->written_events - segment->unsynced);
	segment->unsynced = 0;
}

static void sync_segment(struct stream_writer *writer, struct stream_segment *segment)
{
	int err = 0;

	if (segment->err || segment->file.fd < 0 || !segment->is_dirty)
		return;
	err = segment_file__sync(&segment->file, !segment->is_named);
	if (err) {
		fail(writer, segment, err);
		lose_unsynced(segment);
		return;
	}
	segment->is_named = true;
	note_durable(segment);
}

static void unlist(struct stream_writer *writer, const struct stream_segment *segment)
{
	for (struct stream_segment **at = &writer->dirty; *at; at = &(*at)->next) {
		if (*at == segment) {
			*at = segment->next;
			return;
		}
	}
}

/* Those that no thread has open are those that could not be completed. */
static void complete_left(struct stream_writer *writer)
{
	if (writer->has_left)
		writer->has_left = segment_recover__all(writer__target(writer->options.writer),
							writer->options.dir, NULL) < 0;
}

static void complete(struct stream_writer *writer, struct stream_segment *segment)
{
	char name[NAME_MAX + 1];
	int err = 0;

	/* its own end, if it has one, counts blocks that are not there; a sealed one can't be read */
	if (segment->err && !segment->file.seal)
		err = segment_recover__end(&segment->file, segment->file.bytes, NULL);
	if (!err)
		err = segment_file__finish(&segment->file, segment->service);
	if (err) {
		lose_unsynced(segment);
		segment_file__leave(&segment->file);
	} else {
		if (!segment->err)
			note_durable(segment);
		err = segment_file__rename(&segment->file, name);
	}
	if (err) {
		fail(writer, segment, err);
		writer->has_left = true;
		return;
	}
	writer__retain(writer->options.writer, name);
	complete_left(writer);
}

static void end_segment(struct stream_writer *writer, struct stream_segment *segment)
{
	unlist(writer, segment);
	if (segment->file.fd >= 0 && !segment->file.has_block)
		segment_file__discard(&segment->file);
	else if (segment->file.fd >= 0)
		complete(writer, segment);
	stream__unref(segment->stream);
	stream_segment__free(segment);
}

static int open_segment(struct stream_writer *writer, struct stream_segment *segment)
{
	const struct snapshot_target *target = writer__target(writer->options.writer);
	const struct cbor_out *label = &segment->sealed;
	int err = segment_file__open(&segment->file, target, segment->stream->pid, segment->real_ms,
				     writer->options.segment_bytes);

	if (!err && target->recipients && target->recipients->cnt)
		err = segment_file__seal(&segment->file, target->recipients, label->bytes,
					 label->error ? 0 : label->len);
	if (err)
		segment_file__discard(&segment->file);
	return err;
}

static void append(struct stream_writer *writer, struct stream_segment *segment,
		   const struct stream_block *block)
{
	struct stream *stream = segment->stream;
	int err = 0;

	if (segment->err)
		return;
	if (segment->file.fd < 0)
		err = open_segment(writer, segment);
	if (!err && block->len)
		err = segment_file__append(&segment->file, block->bytes, block->len,
					   block->ends ? 0 : END_BYTES);
	if (err) {
		fail(writer, segment, err);
		return;
	}
	tell_recovery(stream);
	segment->is_dirty |= block->len > 0;
	segment->unsynced += block->events;
	if (block->covers_ns)
		segment->covers_ns = block->covers_ns;
	barrier__store_release(&stream->written_events, stream->written_events + block->events);
}

static void write_block(struct stream_writer *writer, struct stream_block *block)
{
	struct stream_segment *segment = block->segment;
	struct stream *stream = segment->stream;
	const uint64_t written = stream->written_events;
	const bool was_dirty = segment->is_dirty;

	append(writer, segment, block);
	if (stream->written_events - written < block->events)
		barrier__store_release(&stream->unwritten, stream->unwritten + block->events);
	if (block->ends) {
		end_segment(writer, segment);
		return;
	}
	if (!segment->is_dirty && !segment->err && segment->file.fd >= 0) {
		note_durable(segment);
	} else if (writer->options.sync == STREAM_SYNC_BATCH) {
		sync_segment(writer, segment);
	} else if (writer->options.sync == STREAM_SYNC_TIME && segment->is_dirty && !was_dirty) {
		segment->synced_ns = clock__now_mono_ns();
		segment->next = writer->dirty;
		writer->dirty = segment;
	}
}

/* Brings what is due to the disk. Returns when the next one is; UINT64_MAX: none is dirty. */
static uint64_t sync_due(struct stream_writer *writer)
{
	const uint64_t now_ns = clock__now_mono_ns();
	uint64_t next_ns = UINT64_MAX;

	for (struct stream_segment **at = &writer->dirty; *at;) {
		struct stream_segment *segment = *at;
		const uint64_t due_ns = segment->synced_ns + writer->options.sync_ns;

		if (due_ns <= now_ns) {
			*at = segment->next;
			sync_segment(writer, segment);
			segment->is_dirty = false;
		} else {
			next_ns = due_ns < next_ns ? due_ns : next_ns;
			at = &segment->next;
		}
	}
	return next_ns;
}

/* The next block; NULL: it is time, or the end. */
static struct stream_block *wait_for_block(struct stream_writer *writer, uint64_t until_ns,
					   bool *ret_is_over)
{
	const struct timespec until = clock__timespec(until_ns);
	struct stream_block *block;
	int err = 0;

	pthread_mutex_lock(&writer->lock);
	while (!writer->first && !writer->is_ending && err != ETIMEDOUT)
		err = until_ns == UINT64_MAX
			      ? pthread_cond_wait(&writer->wakeup, &writer->lock)
			      : pthread_cond_timedwait(&writer->wakeup, &writer->lock, &until);
	block = writer->first;
	if (block) {
		writer->first = block->next;
		if (!writer->first)
			writer->last = &writer->first;
	}
	*ret_is_over = !block && writer->is_ending;
	pthread_mutex_unlock(&writer->lock);
	return block;
}

static void *run(void *arg)
{
	struct stream_writer *writer = arg;
	uint64_t next_ns = UINT64_MAX;
	bool is_over = false;

	(void)pthread_setname_np(pthread_self(), "ttlog-segments");
	while (!is_over) {
		struct stream_block *block = wait_for_block(writer, next_ns, &is_over);

		if (block) {
			const size_t len = block->len;

			write_block(writer, block);
			free(block->bytes);
			free(block);
			barrier__store_release(&writer->steps, writer->steps + 1);
			pthread_mutex_lock(&writer->lock);
			barrier__store_release(&writer->waiting_bytes, writer->waiting_bytes - len);
			pthread_mutex_unlock(&writer->lock);
		}
		next_ns = writer->dirty ? sync_due(writer) : UINT64_MAX;
	}
	complete_left(writer);
	return NULL;
}

struct stream_writer *stream_writer__new(const struct stream_writer_options *options)
{
	struct stream_writer *writer = calloc(1, sizeof(*writer));
	int err;

	if (!writer)
		return NULL;
	writer->options = *options;
	writer->last = &writer->first;
	pthread_mutex_init(&writer->lock, NULL);
	clock__init_condition(&writer->wakeup);
	err = -pthread_create(&writer->thread, NULL, run, writer);
	writer->has_thread = !err;
	if (!err)
		return writer;
	stream_writer__free(writer);
	errno = -err;
	return NULL;
}

bool stream_writer__end(struct stream_writer *writer)
{
	uint64_t steps, before = UINT64_MAX;
	struct timespec until;
	int err = ETIMEDOUT;

	if (!writer || !writer->has_thread)
		return true;
	pthread_mutex_lock(&writer->lock);
	writer->is_ending = true;
	pthread_cond_signal(&writer->wakeup);
	pthread_mutex_unlock(&writer->lock);
	while (err == ETIMEDOUT) {
		steps = barrier__load_acquire(&writer->steps);
		if (steps == before) {
			fprintf(stderr,
				"ttlog-collect: %s does not answer: the ends of streams are not written\n",
				writer->options.dir);
			return false;
		}
		before = steps;
		until = clock__timespec(clock__now_real_ns() + END_STEP_NS);
		err = pthread_timedjoin_np(writer->thread, NULL, &until);
	}
	writer->has_thread = false;
	return true;
}

void stream_writer__free(struct stream_writer *writer)
{
	if (!writer)
		return;
	pthread_cond_destroy(&writer->wakeup);
	pthread_mutex_destroy(&writer->lock);
	free(writer);
}
