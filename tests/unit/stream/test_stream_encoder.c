/* SPDX-License-Identifier: MIT */
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
	struct event_stack *stacks; /* of the next job */
	size_t stack_cnt;
};

static void take(void *ctx, struct stream_block *block)
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

static void begin(struct stage *stage, void **state, uint64_t segment_bytes)
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

static void finish(struct stage *stage)
{
	stream_encoder__free(stage->encoder);
	segment_room__fini(&stage->room);
	chunk_out__free(stage->shop.chunk);
	for (size_t i = 0; i < stage->segment_cnt; i++)
		free(stage->segments[i].bytes);
	free(stage->stream);
}

/* What came into the ring since the last job. */
static void make_job(struct stage *stage, uint64_t covers_ns, bool is_last, bool is_dropped)
{
	struct fixture *fixture = stage->fixture;
	struct stream_job job = {
		.source = &fixture->source,
		.covers_ns = covers_ns,
		.stacks = stage->stacks,
		.stack_cnt = stage->stack_cnt,
		.is_last = is_last,
	};
	uint64_t before;

	stage->stacks = NULL;
	stage->stack_cnt = 0;

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
}

static void end(struct stage *stage)
{
	make_job(stage, LATER, true, false);
	stream_encoder__end_segment(stage->encoder, &stage->shop);
	for (size_t i = 0; i < stage->segment_cnt; i++)
		assert_true(stage->segments[i].has_end);
}

/* The bytes as a file. */
static struct ttlog_snapshot *open_bytes(const struct stage *stage, const unsigned char *bytes,
					 size_t len, const char *name)
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

static struct ttlog_snapshot *open_segment(const struct stage *stage, size_t i)
{
	struct ttlog_snapshot *snapshot =
		open_bytes(stage, stage->segments[i].bytes, stage->segments[i].len, "segment.bin");

	if (ttlog_snapshot_contents(snapshot)->problem_cnt)
		fail_msg("%s", ttlog_snapshot_contents(snapshot)->problems[0]);
	return snapshot;
}

/* Adds what is in it to counts of the number n of each thread. last_ns: NULL if jobs have the same
 * times. Returns how many events. */
static uint64_t count(struct ttlog_snapshot *snapshot, uint8_t *counts, size_t per_thread,
		      uint64_t *last_ns)
{
	struct ttlog_stream *stream = ttlog_stream_new(&snapshot, 1, NULL, NULL);
	struct ttlog_event event;
	struct ttlog_field n;
	uint64_t cnt = 0;

	assert_non_null(stream);
	for (; ttlog_stream_next(stream, &event); cnt++) {
		ttlog_event_field(&event, 0, &n);
		assert_true(n.u < per_thread);
		counts[(event.thread->tid - 4242) * per_thread + n.u]++;
		assert_true(!last_ns || event.mono_ns >= *last_ns);
		if (last_ns)
			*last_ns = event.mono_ns;
	}
	ttlog_stream_free(stream);
	assert_int_equal(ttlog_snapshot_contents(snapshot)->problem_cnt, 0);
	return cnt;
}

/* Jobs whose threads are read up to a moment in the middle of their events. */
static void test_stream_encoder_each_event_once_in_order(void **state)
{
	enum {
		BATCHES = 40,
		PER_BATCH = 100
	};
	static uint8_t counts[3 * BATCHES * PER_BATCH];
	uint64_t last_ns = 0, cnt = 0;
	struct stage stage;

	memset(counts, 0, sizeof(counts));
	begin(&stage, state, UINT64_MAX);
	for (uint64_t seq = 1; seq <= BATCHES; seq++) {
		for (uint32_t thread = 0; thread < 3; thread++) {
			const uint64_t base = 1000000 + seq * 1000 + thread * 400;

			for (uint32_t i = 0; i < PER_BATCH; i++)
				make__record(&stage.fixture->batch, COUNT_SITE, i * 10,
					     (seq - 1) * PER_BATCH + i);
			make__flush(&stage.fixture->batch, stage.fixture->ring, thread, 0, base,
				    base + 1000, seq);
		}
		make_job(&stage, 1000000 + seq * 1000 + 500, false, false);
		assert_int_equal(stage.covers_ns, 1000000 + seq * 1000 + 500);
	}
	end(&stage);
	assert_int_equal(stage.segment_cnt, 1);
	{
		struct ttlog_snapshot *snapshot = open_segment(&stage, 0);
		const struct ttlog_contents *contents = ttlog_snapshot_contents(snapshot);

		cnt = count(snapshot, counts, (size_t)BATCHES * PER_BATCH, &last_ns);
		assert_int_equal(cnt, sizeof(counts));
		for (size_t i = 0; i < sizeof(counts); i++)
			assert_int_equal(counts[i], 1);
		assert_int_equal(contents->recorded, sizeof(counts));
		assert_int_equal(contents->emitted, sizeof(counts) + 3);
		assert_int_equal(contents->missed, 0);
		assert_false(contents->is_open);
		assert_true(ttlog_snapshot_info(snapshot)->has_stream);
		assert_int_equal(ttlog_snapshot_info(snapshot)->stream, 77);
		ttlog_snapshot_close(snapshot);
	}
	assert_int_equal(stage.stream->missed, 0);
	finish(&stage);
}

/* Each segment is whole by itself, and sums add up. */
static void test_stream_encoder_rolls_by_size(void **state)
{
	enum {
		JOBS = 30,
		BATCHES = 10,
		PER_BATCH = 200
	};
	uint64_t cnt = 0;
	static uint8_t counts[3 * BATCHES * PER_BATCH];
	struct stage stage;

	begin(&stage, state, 4096);
	for (int i = 0; i < JOBS; i++) {
		fill_ring(stage.fixture, BATCHES, PER_BATCH);
		make_job(&stage, LATER, false, false);
	}
	end(&stage);
	assert_true(stage.segment_cnt > 3);
	for (size_t i = 0; i < stage.segment_cnt; i++) {
		struct ttlog_snapshot *snapshot = open_segment(&stage, i);

		assert_int_equal(ttlog_snapshot_info(snapshot)->segment, i);
		assert_true(stage.segments[i].len < 4096 * 16);
		cnt += count(snapshot, counts, (size_t)BATCHES * PER_BATCH, NULL);
		ttlog_snapshot_close(snapshot);
	}
	assert_int_equal(cnt, (uint64_t)JOBS * 3 * BATCHES * PER_BATCH);
	finish(&stage);
}

static void add_one(struct stage *stage, uint32_t thread, uint32_t site, uint64_t ns)
{
	make__record(&stage->fixture->batch, site, 0, 1);
	make__flush(&stage->fixture->batch, stage->fixture->ring, thread, 0, ns, ns, 1);
}

/* Sites and threads that come later have items of their own, and the module is named once. */
static void test_stream_encoder_tables_grow(void **state)
{
	struct ttlog_snapshot *snapshot;
	const struct ttlog_info *info;
	struct stage stage;

	begin(&stage, state, UINT64_MAX);
	add_one(&stage, 0, COUNT_SITE, 1000);
	make_job(&stage, LATER, false, false);
	add_one(&stage, 1, COUNT_SITE, 2000);
	make_job(&stage, LATER, false, false);
	add_one(&stage, 1, NEVER_SITE, 3000);
	make_job(&stage, LATER, false, false);
	add_one(&stage, 0, COUNT_SITE, 4000);
	make_job(&stage, LATER, false, false);
	end(&stage);
	snapshot = open_segment(&stage, 0);
	info = ttlog_snapshot_info(snapshot);
	assert_int_equal(info->site_cnt, 2);
	assert_int_equal(info->thread_cnt, 2);
	assert_true(ttlog_text_is(info->sites[0]->probe, "count"));
	assert_true(ttlog_text_is(info->sites[1]->probe, "never"));
	assert_int_equal(info->threads[1]->tid, 4243);
	assert_int_equal(ttlog_snapshot_contents(snapshot)->event_cnt, 4);
	ttlog_snapshot_close(snapshot);
	finish(&stage);
}

/* The first null makes a new segment, because the header says whether there are any. */
static void test_stream_encoder_nulls_begin_a_segment(void **state)
{
	static const uint8_t number[] = { TTLOG_TYPE_U64 };
	struct ttlog_field field;
	struct ttlog_snapshot *snapshot;
	struct ttlog_event event;
	struct stage stage;

	begin(&stage, state, UINT64_MAX);
	make__site(stage.fixture->table, 16, "foreign", TTLOG_LEVEL_INFO, TTLOG_SITE_EVENT, "n",
		   number)
		->nullable = 1;
	add_one(&stage, 0, COUNT_SITE, 1000);
	make_job(&stage, LATER, false, false);
	make__begin(&stage.fixture->batch, 16, 0);
	make__put(&stage.fixture->batch, "", 1);
	make__end(&stage.fixture->batch);
	make__flush(&stage.fixture->batch, stage.fixture->ring, 0, 0, 2000, 2000, 2);
	make_job(&stage, LATER, false, false);
	add_one(&stage, 0, COUNT_SITE, 3000);
	make_job(&stage, LATER, false, false);
	end(&stage);
	assert_int_equal(stage.segment_cnt, 2);
	snapshot = open_segment(&stage, 0);
	assert_int_equal(ttlog_snapshot_contents(snapshot)->event_cnt, 1);
	ttlog_snapshot_close(snapshot);
	snapshot = open_segment(&stage, 1);
	assert_int_equal(ttlog_snapshot_contents(snapshot)->event_cnt, 2);
	assert_int_equal(ttlog_snapshot_load(snapshot, 0), 0);
	ttlog_snapshot_event(snapshot, 0, &event);
	ttlog_event_field(&event, 0, &field);
	assert_true(field.null && field.type == TTLOG_TYPE_U64);
	ttlog_snapshot_close(snapshot);
	finish(&stage);
}

/* ---- stacks ---- */

/* Only with these do events have an identity. */
static void begin_stacked(struct stage *stage, void **state, uint64_t segment_bytes)
{
	begin(stage, state, segment_bytes);
	memcpy(stage->fixture->source.boot_id, "01234567-89ab-cdef-0123-456789abcdef", 36);
	stage->fixture->source.start_ns = 5000000000u;
}

/* An event of thread 0, the first of batch `seq`, and its stack of one function. */
static void add_stacked(struct stage *stage, uint64_t seq, const char *function)
{
	struct event_stack *stack = calloc(1, sizeof(*stack));

	assert_non_null(stack);
	*stack = (struct event_stack){
		.state = EVENT_STACK_KNOWN,
		.site = COUNT_SITE,
		.seq = seq,
		.ticks = seq * 1000,
	};
	stack->where.frame_cnt = 1;
	stack->where.frames[0] = (struct crash_frame){ .ip = 42, .symbol = strdup(function) };
	stage->stacks = stack;
	stage->stack_cnt = 1;
	make__record(&stage->fixture->batch, COUNT_SITE, 0, 1);
	make__flush(&stage->fixture->batch, stage->fixture->ring, 0, 0, seq * 1000, seq * 1000,
		    seq);
}

/* The functions of its events, with a comma after each; "-": no stack. */
static void functions_of(struct ttlog_snapshot *snapshot, char *ret)
{
	struct ttlog_stream *stream = ttlog_stream_new(&snapshot, 1, NULL, NULL);
	const struct ttlog_frame *const *frames;
	struct ttlog_event event;

	assert_non_null(stream);
	ret[0] = 0;
	while (ttlog_stream_next(stream, &event)) {
		const size_t cnt = ttlog_event_stack(&event, &frames);

		assert_true(cnt <= 1);
		(void)sprintf(ret + strlen(ret), "%.*s,", cnt ? (int)frames[0]->symbol.len : 1,
			      cnt ? frames[0]->symbol.p : "-");
	}
	ttlog_stream_free(stream);
}

/* In one segment, each frame is there once. */
static void test_stream_encoder_stacks(void **state)
{
	struct ttlog_snapshot *snapshot;
	struct stage stage;
	char text[64];

	begin_stacked(&stage, state, UINT64_MAX);
	add_stacked(&stage, 1, "left");
	make_job(&stage, LATER, false, false);
	add_one(&stage, 1, COUNT_SITE, 1500);
	add_stacked(&stage, 2, "right");
	make_job(&stage, LATER, false, false);
	add_stacked(&stage, 3, "left");
	make_job(&stage, LATER, false, false);
	end(&stage);
	assert_int_equal(stage.segment_cnt, 1);
	snapshot = open_segment(&stage, 0);
	functions_of(snapshot, text);
	assert_string_equal(text, "left,-,right,left,");
	ttlog_snapshot_close(snapshot);
	finish(&stage);
}

/* It comes into the next segment, which needs its stack. */
static void test_stream_encoder_stack_of_an_event_held_back(void **state)
{
	struct ttlog_snapshot *snapshot;
	struct stage stage;
	char text[64];

	begin_stacked(&stage, state, 1);
	add_stacked(&stage, 1, "left");
	make_job(&stage, 500, false, false);
	add_stacked(&stage, 2, "right");
	make_job(&stage, LATER, false, false);
	end(&stage);
	assert_true(stage.segment_cnt >= 2);
	snapshot = open_segment(&stage, 0);
	functions_of(snapshot, text);
	assert_string_equal(text, "");
	ttlog_snapshot_close(snapshot);
	snapshot = open_segment(&stage, 1);
	functions_of(snapshot, text);
	assert_string_equal(text, "left,right,");
	ttlog_snapshot_close(snapshot);
	finish(&stage);
}

/* Numbers of frames go on from what is damaged: later events have no stack, not a wrong one. */
static void test_stream_encoder_stacks_after_damage(void **state)
{
	struct ttlog_snapshot *snapshot;
	size_t start, end_at;
	struct stage stage;
	char text[64];

	begin_stacked(&stage, state, UINT64_MAX);
	add_stacked(&stage, 1, "left");
	make_job(&stage, LATER, false, false);
	start = stage.segments[0].len;
	add_stacked(&stage, 2, "right");
	make_job(&stage, LATER, false, false);
	end_at = stage.segments[0].len;
	add_stacked(&stage, 3, "handler");
	make_job(&stage, LATER, false, false);
	end(&stage);
	assert_true(start + STREAM_MARK_BYTES + 40 < end_at);
	stage.segments[0].bytes[start + STREAM_MARK_BYTES + 40] ^= 0xff;
	snapshot =
		open_bytes(&stage, stage.segments[0].bytes, stage.segments[0].len, "damaged.bin");
	assert_true(ttlog_snapshot_contents(snapshot)->problem_cnt > 0);
	functions_of(snapshot, text);
	assert_string_equal(text, "left,-,-,");
	ttlog_snapshot_close(snapshot);
	finish(&stage);
}

static void test_stream_encoder_counts_what_it_drops(void **state)
{
	enum {
		BATCHES = 5,
		PER_BATCH = 10
	};
	const uint64_t each = 3 * BATCHES * PER_BATCH;
	struct ttlog_snapshot *snapshot;
	struct stage stage;

	begin(&stage, state, UINT64_MAX);
	fill_ring(stage.fixture, BATCHES, PER_BATCH);
	make_job(&stage, LATER, false, false);
	fill_ring(stage.fixture, BATCHES, PER_BATCH);
	make_job(&stage, LATER, false, true);
	assert_int_equal(stage.stream->missed, each);
	fill_ring(stage.fixture, BATCHES, PER_BATCH);
	/* nothing is old enough to be written, and the rest is dropped with the last job */
	make_job(&stage, 1, false, false);
	assert_int_equal(stage.stream->missed, each);
	make_job(&stage, LATER, true, true);
	stream_encoder__end_segment(stage.encoder, &stage.shop);
	assert_int_equal(stage.stream->missed, 2 * each);
	snapshot = open_segment(&stage, 0);
	assert_int_equal(ttlog_snapshot_contents(snapshot)->event_cnt, each);
	assert_int_equal(ttlog_snapshot_contents(snapshot)->missed, 2 * each);
	assert_int_equal(stage.block_events, each);
	ttlog_snapshot_close(snapshot);
	finish(&stage);
}

/* What is held back is written by a job without events, and no more is wanted then. */
static void test_stream_encoder_flushes_what_it_holds(void **state)
{
	struct ttlog_snapshot *snapshot;
	struct stage stage;

	begin(&stage, state, UINT64_MAX);
	add_one(&stage, 0, COUNT_SITE, 1000);
	make_job(&stage, 500, false, false);
	assert_true(stage.stream->wants_job);
	assert_int_equal(stage.block_events, 0);
	make_job(&stage, 1500, false, false);
	assert_false(stage.stream->wants_job);
	assert_int_equal(stage.block_events, 1);
	assert_int_equal(stage.covers_ns, 1500);
	add_one(&stage, 0, COUNT_SITE, 2000);
	make_job(&stage, 2500, false, true);
	/* so that readers are told what is missing */
	assert_true(stage.stream->wants_job);
	make_job(&stage, 2600, false, false);
	assert_false(stage.stream->wants_job);
	end(&stage);
	snapshot = open_segment(&stage, 0);
	assert_int_equal(ttlog_snapshot_contents(snapshot)->event_cnt, 1);
	assert_int_equal(ttlog_snapshot_contents(snapshot)->missed, 1);
	ttlog_snapshot_close(snapshot);
	finish(&stage);
}

/* What the ring has overwritten is missed, by count. */
static void test_stream_encoder_counts_what_the_ring_lost(void **state)
{
	struct ttlog_snapshot *snapshot;
	struct stage stage;
	uint64_t missed;

	begin(&stage, state, UINT64_MAX);
	fill_ring(stage.fixture, 10, 100);
	make_job(&stage, LATER, false, false);
	/* more than the ring holds: 8 MiB */
	fill_ring(stage.fixture, 300, 1000);
	end(&stage);
	missed = stage.stream->missed;
	assert_true(missed > 0);
	snapshot = open_segment(&stage, 0);
	assert_int_equal(ttlog_snapshot_contents(snapshot)->event_cnt + missed,
			 ring__events(stage.fixture->ring));
	assert_int_equal(ttlog_snapshot_contents(snapshot)->missed, missed);
	ttlog_snapshot_close(snapshot);
	finish(&stage);
}

/* As a collector that was killed leaves it: readable, and more with each byte. */
static void test_stream_encoder_readable_cut_anywhere(void **state)
{
	static uint8_t counts[3 * 4 * 20];
	uint64_t cnt, before = 0;
	struct stage stage;

	begin(&stage, state, UINT64_MAX);
	for (int i = 0; i < 3; i++) {
		fill_ring(stage.fixture, 4, 20);
		make_job(&stage, LATER, false, false);
	}
	end(&stage);
	for (size_t len = 0; len <= stage.segments[0].len; len++) {
		struct ttlog_snapshot *snapshot =
			open_bytes(&stage, stage.segments[0].bytes, len, "cut.bin.part");

		if (ttlog_snapshot_info(snapshot)->has_header) {
			cnt = count(snapshot, counts, 80, NULL);
			assert_true(cnt >= before);
			before = cnt;
			assert_int_equal(ttlog_snapshot_contents(snapshot)->is_open,
					 !ttlog_snapshot_contents(snapshot)->has_totals ||
						 ttlog_snapshot_contents(snapshot)->is_open);
		}
		ttlog_snapshot_close(snapshot);
	}
	assert_int_equal(before, 3 * 3 * 4 * 20);
	finish(&stage);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_stream_encoder_each_event_once_in_order, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_stream_encoder_rolls_by_size, setup, teardown),
		cmocka_unit_test_setup_teardown(test_stream_encoder_tables_grow, setup, teardown),
		cmocka_unit_test_setup_teardown(test_stream_encoder_nulls_begin_a_segment, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_stream_encoder_stacks, setup, teardown),
		cmocka_unit_test_setup_teardown(test_stream_encoder_stack_of_an_event_held_back,
						setup, teardown),
		cmocka_unit_test_setup_teardown(test_stream_encoder_stacks_after_damage, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_stream_encoder_counts_what_it_drops, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_stream_encoder_flushes_what_it_holds, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_stream_encoder_counts_what_the_ring_lost,
						setup, teardown),
		cmocka_unit_test_setup_teardown(test_stream_encoder_readable_cut_anywhere, setup,
						teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
