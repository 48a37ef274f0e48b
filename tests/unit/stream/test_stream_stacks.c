/* SPDX-License-Identifier: MIT */
/* The stacks of events in segments. */
#include "stream_stage.h"

/* Only with these do events have an identity. */
static void begin_stacked(struct stage *stage, void **state, uint64_t segment_bytes)
{
	begin(stage, state, segment_bytes);
	memcpy(stage->fixture->source.boot_id, "01234567-89ab-cdef-0123-456789abcdef", 36);
	stage->fixture->source.start_ns = 5000000000u;
	strcpy(stage->fixture->table->build_id, "c0ffee");
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
static void functions_of_all(struct ttlog_snapshot *const *snapshots, size_t file_cnt, char *ret)
{
	struct ttlog_stream *stream = ttlog_stream_new(snapshots, file_cnt, NULL, NULL);
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

static void functions_of(struct ttlog_snapshot *snapshot, char *ret)
{
	functions_of_all(&snapshot, 1, ret);
}

/* In one segment, each frame is there once. */
static void test_stream_stacks_once(void **state)
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
static void test_stream_stack_of_an_event_held_back(void **state)
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

/* When the name is known, the segment of the event is full. */
static void test_stream_stack_in_the_next_segment(void **state)
{
	struct ttlog_snapshot *snapshots[2];
	struct event_stack *late;
	struct stage stage;
	char text[64];

	begin_stacked(&stage, state, 1);
	add_stacked(&stage, 1, "left");
	late = stage.stacks;
	stage.stack_cnt = 0;
	make_job(&stage, LATER, false, false);
	add_one(&stage, 0, COUNT_SITE, 2000);
	make_job(&stage, LATER, false, false);
	stream_encoder__take_stacks(stage.encoder, &stage.shop, late, 1);
	end(&stage);
	snapshots[0] = open_bytes(&stage, stage.segments[0].bytes, stage.segments[0].len, "0.bin");
	snapshots[1] = open_bytes(&stage, stage.segments[1].bytes, stage.segments[1].len, "1.bin");
	functions_of(snapshots[0], text);
	assert_string_equal(text, "-,");
	functions_of_all(snapshots, 2, text);
	assert_string_equal(text, "left,-,");
	ttlog_snapshot_close(snapshots[0]);
	ttlog_snapshot_close(snapshots[1]);
	finish(&stage);
}

/* Numbers of frames go on from what is damaged: later events have no stack, not a wrong one. */
static void test_stream_stacks_after_damage(void **state)
{
	struct ttlog_snapshot *snapshot;
	size_t end_at;
	struct stage stage;
	char text[64];

	begin_stacked(&stage, state, UINT64_MAX);
	add_stacked(&stage, 1, "left");
	make_job(&stage, LATER, false, false);
	add_stacked(&stage, 2, "right");
	make_job(&stage, LATER, false, false);
	end_at = stage.segments[0].len;
	add_stacked(&stage, 3, "handler");
	make_job(&stage, LATER, false, false);
	end(&stage);
	stage.segments[0].bytes[end_at - 12] ^= 0xff;
	snapshot =
		open_bytes(&stage, stage.segments[0].bytes, stage.segments[0].len, "damaged.bin");
	assert_true(ttlog_snapshot_contents(snapshot)->problem_cnt > 0);
	functions_of(snapshot, text);
	assert_string_equal(text, "left,-,-,");
	ttlog_snapshot_close(snapshot);
	finish(&stage);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_stream_stacks_once, setup, teardown),
		cmocka_unit_test_setup_teardown(test_stream_stack_of_an_event_held_back, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_stream_stack_in_the_next_segment, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_stream_stacks_after_damage, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
