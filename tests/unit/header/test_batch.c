/* SPDX-License-Identifier: MIT */
/* How batches fill and are flushed. */
#include "batch_fixture.h"

#ifdef FLUSH_TRAP_WORKS

static void test_batch_flushes_when_full(void **state)
{
	const uint32_t in_one = BATCH_CAPACITY / 12;
	const struct ttlog_batch *own = own_batch();
	uint64_t seq = own->seq, before = own->events_before;
	int next = 0;

	(void)state;
	for (int i = 0; i < 5000; i++)
		log_count(i);
	assert_int_equal(flush_cnt(TTLOG_OP_FLUSH), 5000 / in_one);
	assert_int_equal(flush_trap.cnt, 5000 / in_one);
	for (uint32_t i = 0; i < 5000 / in_one; i++) {
		const struct ttlog_batch *batch = assert_flush(i);

		assert_ptr_equal(flush_trap__get(TTLOG_OP_FLUSH, i)->address, own);
		assert_int_equal(batch->flags, 0);
		assert_int_equal(batch->seq, seq + i);
		assert_int_equal(batch->events_before, before + i * in_one);
		assert_int_equal(batch_events(batch), in_one);
		assert_int_equal(batch->tid, gettid());
		assert_counts(batch, &next);
	}
	assert_int_equal(own->seq, seq + 5000 / in_one);
	assert_int_equal(own->events_before, before + 5000 / in_one * in_one);
	assert_counts(own, &next);
	assert_int_equal(next, 5000);
}

static void test_batch_fills_to_the_last_byte(void **state)
{
	char text[BATCH_CAPACITY] = { 0 };
	const struct ttlog_batch *own = own_batch();

	(void)state;
	log_count(0);
	/* a record that just fits, then one that is 4 bytes larger than the room that is left */
	memset(text, 'x', BATCH_CAPACITY - 12 - 10);
	TTLOG_INFO("fits", "text", text);
	assert_int_equal(batch_bytes(own), BATCH_CAPACITY);
	assert_int_equal(flush_trap.cnt, 0);
	assert_batch_whole(own);
	TTLOG_INFO("no field");
	assert_int_equal(flush_trap.cnt, 1);
	assert_int_equal(batch_events(assert_flush(0)), 2);
	assert_int_equal(batch_bytes(own), 8);
}

/* Two strings of 4,000 bytes: more than a batch. The event goes alone, the batch goes on. */
static void test_batch_hands_large_records_over_alone(void **state)
{
	static char text[4001];
	const struct ttlog_batch *own = own_batch();
	const struct ttlog_batch *alone = NULL;
	uint32_t alone_cnt = 0, events = 0;
	const uint8_t *fields;

	(void)state;
	memset(text, 'x', 4000);
	log_count(0);
	TTLOG_INFO("large", "a", text, "b", text, "c", 7);
	log_count(1);
	assert_batch_whole(own);
	for (uint32_t i = 0; i < flush_cnt(TTLOG_OP_FLUSH); i++) {
		const struct ttlog_batch *batch = assert_flush(i);

		events += batch_events(batch);
		if (batch->flags & TTLOG_BATCH_ALONE) {
			alone = batch;
			alone_cnt++;
		}
	}
	assert_int_equal(events + batch_events(own), 3);
	assert_int_equal(alone_cnt, 1);
	assert_non_null(alone);
	assert_int_equal(alone->seq, 0);
	assert_int_equal(alone->events_before, 0);
	assert_int_equal(batch_bytes(alone), 8 + 4002 + 4002 + 4);
	fields = (const uint8_t *)record_fields(record_at(alone, 0));
	/* {"a": "xxx...", "b": "xxx...", "c": 7} */
	assert_int_equal(fields[0] | fields[1] << 8, 4000);
	assert_memory_equal(fields + 2, text, 4000);
	assert_int_equal(fields[4002] | fields[4003] << 8, 4000);
	assert_memory_equal(fields + 4004, text, 4000);
	assert_int_equal(fields[8004], 7);
}

static void test_batch_flushes_each_event_in_immediate_mode(void **state)
{
	const struct ttlog_batch *own = own_batch();
	uint64_t before = own->events_before;
	int next = 0;

	(void)state;
	raise_listening(1, 1);
	for (int i = 0; i < 5; i++)
		log_count(i);
	raise_listening(1, 0);
	assert_int_equal(flush_cnt(TTLOG_OP_FLUSH), 5);
	for (uint32_t i = 0; i < 5; i++) {
		assert_int_equal(batch_events(assert_flush(i)), 1);
		assert_int_equal(assert_flush(i)->events_before, before + i);
		assert_counts(assert_flush(i), &next);
	}
	assert_int_equal(batch_bytes(own), 0);
}

static void test_batch_flushes_before_a_snapshot(void **state)
{
	const struct flush *snapshot;

	(void)state;
	log_count(0);
	TTLOG_SNAPSHOT("checkpoint");
	assert_int_equal(flush_trap.cnt, 2);
	assert_int_equal(flush_trap.flushes[0].op, TTLOG_OP_FLUSH);
	assert_int_equal(batch_events(assert_flush(0)), 1);
	snapshot = flush_trap__get(TTLOG_OP_SNAPSHOT, 0);
	assert_ptr_equal(snapshot, &flush_trap.flushes[1]);
	assert_int_equal(snapshot->bytes, strlen("checkpoint"));
	assert_memory_equal(snapshot->copy, "checkpoint", snapshot->bytes);

	raise_listening(0, 0);
	TTLOG_SNAPSHOT("nobody hears this");
	assert_int_equal(flush_trap.cnt, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_batch_flushes_when_full, setup, lower_all),
		cmocka_unit_test_setup_teardown(test_batch_fills_to_the_last_byte, setup,
						lower_all),
		cmocka_unit_test_setup_teardown(test_batch_hands_large_records_over_alone, setup,
						lower_all),
		cmocka_unit_test_setup_teardown(test_batch_flushes_each_event_in_immediate_mode,
						setup, lower_all),
		cmocka_unit_test_setup_teardown(test_batch_flushes_before_a_snapshot, setup,
						lower_all),
	};

	return cmocka_run_group_tests(tests, group_setup, NULL);
}

#else

int main(void)
{
	puts("test_batch: traps the probe on x86-64 only; passed over");
	return 0;
}
#endif
