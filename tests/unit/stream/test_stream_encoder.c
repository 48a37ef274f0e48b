/* SPDX-License-Identifier: MIT */
#include "stream_stage.h"

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
