/* SPDX-License-Identifier: MIT */
/* TTLOG_CONTEXT in what a program hands over: side records. */
#include "batch_fixture.h"

#ifdef FLUSH_TRAP_WORKS

#define SIDE_BYTES 44u

static const unsigned char trace_id[16] = { 1, 2, 3 }, span_id[8] = { 4, 5 };

/* The record at the offset is a context with this first byte of its trace. */
static void assert_context(const struct ttlog_batch *batch, uint32_t offset, unsigned char first)
{
	const struct ttlog_record *record = record_at(batch, offset);
	struct ttlog_side_context side;

	assert_int_equal(record_site(record), TTLOG_SIDE_SITE);
	assert_int_equal(record_bytes(record), SIDE_BYTES);
	memcpy(&side, record_fields(record), sizeof(side));
	assert_int_equal(side.kind, TTLOG_SIDE_CONTEXT);
	assert_int_equal(side.trace_id[0], first);
	assert_true(batch->flags & TTLOG_BATCH_SIDE);
}

/* Each change is a record; no count has them. */
static void test_batch_context_changes(void **state)
{
	const struct ttlog_batch *batch;

	(void)state;
	log_count(0);
	{
		TTLOG_CONTEXT(trace_id, span_id);
		log_count(1);
		{
			TTLOG_CONTEXT_W3C(
				"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
			log_count(2);
		}
	}
	log_count(3);
	ttlog__flush();
	batch = assert_flush(0);
	assert_int_equal(batch_events(batch), 4);
	assert_int_equal(batch_bytes(batch), 4 * 12 + 4 * SIDE_BYTES);
	assert_context(batch, 12, 1);
	assert_context(batch, 24 + SIDE_BYTES, 0x4b);
	assert_context(batch, 36 + 2 * SIDE_BYTES, 1);
	assert_int_equal(
		((const uint32_t *)record_fields(record_at(batch, 36 + 3 * SIDE_BYTES)))[1], 0);
}

/* Full batches, and those of immediate mode. */
static void test_batch_context_at_each_start(void **state)
{
	const uint32_t in_one = (BATCH_CAPACITY - SIDE_BYTES) / 12;

	(void)state;
	{
		TTLOG_CONTEXT(trace_id, span_id);
		for (uint32_t i = 0; i < 3 * in_one; i++)
			log_count((int)i);
		raise_listening(1, 1);
		log_count(0);
		raise_listening(1, 0);
	}
	assert_int_equal(flush_cnt(TTLOG_OP_FLUSH), 4);
	for (uint32_t i = 0; i < 4; i++)
		assert_context(assert_flush(i), 0, 1);
	assert_int_equal(batch_events(assert_flush(0)), in_one);
	ttlog__flush();
}

/* What changes while no collector listens is in the next batch. */
static void test_batch_context_from_before(void **state)
{
	(void)state;
	log_count(0);
	raise_listening(0, 0);
	{
		TTLOG_CONTEXT(trace_id, span_id);
		log_count(1);
		raise_listening(1, 0);
		log_count(2);
		ttlog__flush();
	}
	assert_int_equal(flush_cnt(TTLOG_OP_FLUSH), 2);
	assert_int_equal(batch_bytes(assert_flush(0)), 12);
	assert_context(assert_flush(1), 0, 1);
	assert_int_equal(batch_events(assert_flush(1)), 1);
}

static void *log_in_thread(void *arg)
{
	log_count(1);
	return arg;
}

/* A thread gets a batch that another one left in a context. */
static void test_batch_context_is_not_inherited(void **state)
{
	pthread_t thread;

	(void)state;
	for (int i = 0; i < 2; i++) {
		TTLOG_CONTEXT(trace_id, span_id);
		assert_int_equal(pthread_create(&thread, NULL, log_in_thread, NULL), 0);
		assert_int_equal(pthread_join(thread, NULL), 0);
	}
	assert_int_equal(flush_cnt(TTLOG_OP_FLUSH), 2);
	assert_int_equal(batch_bytes(assert_flush(0)), 12);
	assert_int_equal(batch_bytes(assert_flush(1)), 12);
	ttlog__flush();
}

/* A module that logs nothing itself has a batch, too. */
static void *enter_in_thread(void *arg)
{
	TTLOG_CONTEXT(trace_id, span_id);
	assert_non_null(own_batch());
	assert_int_equal(batch_events(own_batch()), 0);
	assert_context(own_batch(), 0, 1);
	return arg;
}

static void test_batch_context_without_events(void **state)
{
	pthread_t thread;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, enter_in_thread, NULL), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
}

static unsigned char first_of(const char *text)
{
	TTLOG_CONTEXT_W3C(text);
	return ttlog__context.trace_id[0];
}

static void test_batch_context_of_text(void **state)
{
#define TRACE "4bf92f3577b34da6a3ce929d0e0e4736"
#define SPAN  "00f067aa0ba902b7"
	static const char *const bad[] = {
		NULL,
		"",
		"0",
		"00",
		"00-",
		"00-" TRACE,
		"00-" TRACE "-" SPAN,
		"00-" TRACE "-" SPAN "-",
		"00-" TRACE "-" SPAN "-0",
		"00-" TRACE "-" SPAN "-01-more",
		"00-" TRACE "-" SPAN "-011",
		"ff-" TRACE "-" SPAN "-01",
		"0g-" TRACE "-" SPAN "-01",
		"00-4BF92F3577B34DA6A3CE929D0E0E4736-" SPAN "-01",
		"00-00000000000000000000000000000000-" SPAN "-01",
		"00-" TRACE "-0000000000000000-01",
		"00_" TRACE "-" SPAN "-01",
		"01-" TRACE "-" SPAN "-01more",
	};

	(void)state;
	assert_int_equal(first_of("00-" TRACE "-" SPAN "-01"), 0x4b);
	assert_int_equal(first_of("00-" TRACE "-" SPAN "-00"), 0x4b);
	assert_int_equal(first_of("cc-" TRACE "-" SPAN "-01-what will be"), 0x4b);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(first_of(bad[i]), 0);
	ttlog__flush();
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(test_batch_context_##name, setup, lower_all)
	const struct CMUnitTest tests[] = {
		CASE(changes),          CASE(at_each_start),  CASE(from_before),
		CASE(is_not_inherited), CASE(without_events), CASE(of_text),
	};

	return cmocka_run_group_tests(tests, group_setup, NULL);
}

#else

int main(void)
{
	puts("test_batch_context: traps the probe on x86-64 only; passed over");
	return 0;
}

#endif
