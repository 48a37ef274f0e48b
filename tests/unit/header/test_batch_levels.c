/* SPDX-License-Identifier: MIT */
/*
 * The flags of levels in what a program hands over: TTLOG_BATCH_LEVEL. See also
 * tests/header/levels.c, which is built in many ways.
 */
#include "batch_fixture.h"

#define WARN_FLAG  TTLOG_BATCH_LEVEL(TTLOG_LEVEL_WARN)
#define ERROR_FLAG TTLOG_BATCH_LEVEL(TTLOG_LEVEL_ERROR)

#ifdef FLUSH_TRAP_WORKS

static void log_error(void)
{
	TTLOG_ERROR("error", "code", 7);
}

/* In one batch of some, as its last record; the next one has nothing of it. */
static void test_batch_level_of_the_last_record(void **state)
{
	const uint32_t in_one = BATCH_CAPACITY / 12;

	(void)state;
	for (uint32_t i = 0; i < 3 * in_one; i++) {
		if (i == 2 * in_one - 1)
			log_error();
		else
			log_count((int)i);
	}
	TTLOG_WARN("the next batch", "count", 1);
	ttlog__flush();
	assert_int_equal(flush_cnt(TTLOG_OP_FLUSH), 4);
	assert_int_equal(assert_flush(0)->flags, 0);
	assert_int_equal(assert_flush(1)->flags, ERROR_FLAG);
	assert_int_equal(batch_events(assert_flush(1)), in_one);
	assert_int_equal(assert_flush(2)->flags, 0);
	assert_int_equal(assert_flush(3)->flags, WARN_FLAG);
	assert_int_equal(own_batch()->flags, 0);
}

static void test_batch_level_in_immediate_mode(void **state)
{
	(void)state;
	raise_listening(1, 1);
	log_count(0);
	log_error();
	log_count(1);
	raise_listening(1, 0);
	assert_int_equal(flush_cnt(TTLOG_OP_FLUSH), 3);
	assert_int_equal(assert_flush(0)->flags, 0);
	assert_int_equal(assert_flush(1)->flags, ERROR_FLAG);
	assert_int_equal(assert_flush(2)->flags, 0);
}

/* Records that are larger than a batch. */
static void test_batch_level_of_a_record_alone(void **state)
{
	static char text[4001];

	(void)state;
	memset(text, 'x', 4000);
	TTLOG_INFO("large", "a", text, "b", text);
	assert_int_equal(assert_flush(0)->flags, TTLOG_BATCH_ALONE);
	flush_trap__clear();
	TTLOG_ERROR("large", "a", text, "b", text);
	assert_int_equal(assert_flush(0)->flags, TTLOG_BATCH_ALONE | ERROR_FLAG);
	/* it is not in the thread's own batch */
	assert_int_equal(own_batch()->flags, 0);
}

static void log_from_handler(int number)
{
	(void)number;
	log_error();
}

/* The handler finds its thread in a flush: its record is alone, and the batch goes on without. */
static void test_batch_level_in_a_signal_handler(void **state)
{
	const uint32_t in_one = BATCH_CAPACITY / 12;
	struct sigaction action = { .sa_handler = log_from_handler };
	struct sigaction old;
	uint32_t alone_cnt = 0;

	(void)state;
	assert_int_equal(sigaction(SIGUSR1, &action, &old), 0);
	flush_trap.interrupt = SIGUSR1;
	for (uint32_t i = 0; i < in_one + 1; i++)
		log_count((int)i);
	flush_trap.interrupt = 0;
	assert_int_equal(sigaction(SIGUSR1, &old, NULL), 0);
	assert_int_equal(flush_cnt(TTLOG_OP_FLUSH), 2);
	for (uint32_t i = 0; i < 2; i++) {
		const struct ttlog_batch *batch = assert_flush(i);

		if (batch->flags & TTLOG_BATCH_ALONE) {
			assert_int_equal(batch->flags, TTLOG_BATCH_ALONE | ERROR_FLAG);
			alone_cnt++;
		} else {
			assert_int_equal(batch->flags, 0);
		}
	}
	assert_int_equal(alone_cnt, 1);
	assert_int_equal(own_batch()->flags, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_batch_level_of_the_last_record, setup,
						lower_all),
		cmocka_unit_test_setup_teardown(test_batch_level_in_immediate_mode, setup,
						lower_all),
		cmocka_unit_test_setup_teardown(test_batch_level_of_a_record_alone, setup,
						lower_all),
		cmocka_unit_test_setup_teardown(test_batch_level_in_a_signal_handler, setup,
						lower_all),
	};

	return cmocka_run_group_tests(tests, group_setup, NULL);
}

#else

int main(void)
{
	puts("test_batch_levels: traps the probe on x86-64 only; passed over");
	return 0;
}

#endif
