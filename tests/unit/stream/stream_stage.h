/* SPDX-License-Identifier: MIT */
/* An encoder, its jobs, and what it hands to the writer. */
#ifndef TTLOG_STREAM_STAGE_H
#define TTLOG_STREAM_STAGE_H

#include "snapshot/snapshot_fixture.h"

#include <ttlog/read.h>

#include "chunk_out.h"
#include "event_stacks.h"
#include "segment_out.h"
#include "stream.h"
#include "stream_block.h"
#include "stream_encoder.h"
#include "stream_mark.h"

#define MAX_SEGMENTS 64
#define LATER        1000000000u

/* What the writer would have on disk. */
struct written {
	const struct stream_segment *segment;
	unsigned char *bytes;
	size_t len;
	bool has_end;
};

struct stage {
	struct fixture *fixture;
	struct stream *stream;
	struct stream_encoder *encoder;
	struct segment_room room;
	struct stream_shop shop;
	struct written segments[MAX_SEGMENTS];
	size_t segment_cnt;
	uint64_t block_events, covers_ns;
	uint64_t position, events;  /* of the ring, that jobs had so far */
	struct event_stack *stacks; /* after the next job */
	size_t stack_cnt;
};

static inline void take(void *ctx, struct stream_block *block)
{
	struct stage *stage = ctx;
	struct written *written = NULL;

	if (stage->segment_cnt)
		written = &stage->segments[stage->segment_cnt - 1];
	if (!written || written->has_end || written->segment != block->segment) {
		assert_true(stage->segment_cnt < MAX_SEGMENTS);
		written = &stage->segments[stage->segment_cnt++];
		written->segment = block->segment;
	}
	assert_false(written->has_end);
	written->bytes = realloc(written->bytes, written->len + block->len + 1);
	assert_non_null(written->bytes);
	if (block->len)
		memcpy(written->bytes + written->len, block->bytes, block->len);
	written->len += block->len;
	written->has_end = block->ends;
	stage->block_events += block->events;
	if (block->covers_ns)
		stage->covers_ns = block->covers_ns;
	if (block->ends) {
		stream_segment__free(block->segment);
	}
	free(block->bytes);
	free(block);
}

static inline void begin(struct stage *stage, void **state, uint64_t segment_bytes)
{
	struct fixture *fixture = *state;

	*stage = (struct stage){ .fixture = fixture };
	stage->stream = calloc(1, sizeof(*stage->stream));
	assert_non_null(stage->stream);
	stage->stream->id = 77;
	stage->stream->pid = 4242;
	stage->encoder = stream_encoder__new(stage->stream);
	assert_non_null(stage->encoder);
	stage->room = (struct segment_room){ .take = take, .ctx = stage };
	stage->shop = (struct stream_shop){ .room = &stage->room, .segment_bytes = segment_bytes };
}

static inline void finish(struct stage *stage)
{
	stream_encoder__free(stage->encoder);
	segment_room__fini(&stage->room);
	chunk_out__free(stage->shop.chunk);
	for (size_t i = 0; i < stage->segment_cnt; i++)
		free(stage->segments[i].bytes);
	free(stage->stream);
}

/* What came into the ring since the last job. */
static inline void make_job(struct stage *stage, uint64_t covers_ns, bool is_last, bool is_dropped)
{
	struct fixture *fixture = stage->fixture;
	struct stream_job job = {
		.source = &fixture->source,
		.covers_ns = covers_ns,
		.is_last = is_last,
	};
	uint64_t before;

	ring_copy__free(fixture->copy);
	fixture->copy = ring__freeze_since(fixture->ring, stage->position, &before);
	assert_non_null(fixture->copy);
	fixture->source.events = fixture->copy;
	fixture->source.recorded = ring__events(fixture->ring);
	fixture->source.emitted = ring__events(fixture->ring) + 3;
	job.missed = before - stage->events;
	job.events = ring__events(fixture->ring) - before;
	stage->position = ring__written_bytes(fixture->ring);
	stage->events = ring__events(fixture->ring);
	if (is_dropped)
		stream_encoder__drop(stage->encoder, &job);
	else
		stream_encoder__take(stage->encoder, &stage->shop, &job);
	if (stage->stack_cnt)
		stream_encoder__take_stacks(stage->encoder, &stage->shop, stage->stacks,
					    stage->stack_cnt);
	stage->stacks = NULL;
	stage->stack_cnt = 0;
}

static inline void end(struct stage *stage)
{
	make_job(stage, LATER, true, false);
	stream_encoder__end_segment(stage->encoder, &stage->shop);
	for (size_t i = 0; i < stage->segment_cnt; i++)
		assert_true(stage->segments[i].has_end);
}

/* The bytes as a file. */
static inline struct ttlog_snapshot *
open_bytes(const struct stage *stage, const unsigned char *bytes, size_t len, const char *name)
{
	const char *dir = stage->fixture->dir;
	struct ttlog_snapshot *snapshot;
	char path[64], why[TTLOG_WHY_BYTES];
	int fd;

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, len), len);
	(void)close(fd);
	snapshot = ttlog_snapshot_open(path, why, sizeof(why));
	if (!snapshot)
		fail_msg("%s", why);
	return snapshot;
}

static inline struct ttlog_snapshot *open_segment(const struct stage *stage, size_t i)
{
	struct ttlog_snapshot *snapshot =
		open_bytes(stage, stage->segments[i].bytes, stage->segments[i].len, "segment.bin");

	if (ttlog_snapshot_contents(snapshot)->problem_cnt)
		fail_msg("%s", ttlog_snapshot_contents(snapshot)->problems[0]);
	return snapshot;
}

static inline void add_one(struct stage *stage, uint32_t thread, uint32_t site, uint64_t ns)
{
	make__record(&stage->fixture->batch, site, 0, 1);
	make__flush(&stage->fixture->batch, stage->fixture->ring, thread, 0, ns, ns, 1);
}

#endif /* TTLOG_STREAM_STAGE_H */
