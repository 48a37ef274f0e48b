/* SPDX-License-Identifier: MIT */
/* Batches when signal handlers log. */
#include "batch_fixture.h"

#ifdef FLUSH_TRAP_WORKS

#define SIGNALS 500

static volatile sig_atomic_t signalled_cnt;
static uint32_t signal_site;

static long timer_us; /* from the end of one handler to the next signal; 0: raised by hand */

/* A single shot: if signals take as long as the period, a periodic timer would stop the program. */
static void set_timer(void)
{
	const struct itimerval timer = { .it_value = { .tv_usec = timer_us } };

	(void)setitimer(ITIMER_REAL, &timer, NULL);
}

static void handle_alarm(int number)
{
	(void)number;
	if (signalled_cnt == SIGNALS)
		return;
	TTLOG_PROBE(signalled, WARN, "Signalled", "count", (int)signalled_cnt, "text",
		    "0123456789");
	signalled_cnt = signalled_cnt + 1;
	set_timer();
}

/* The events of the two kinds that were found. */
struct tally {
	int counted;
	uint64_t events; /* in batches that are not alone */
	uint32_t alone, signalled;
	char seen[SIGNALS]; /* the handler's events; those alone may come before those in a batch */
};

static void tally_batch(struct tally *tally, const struct ttlog_batch *batch)
{
	uint32_t offset = 0;

	while (offset < batch_bytes(batch)) {
		const struct ttlog_record *record = record_at(batch, offset);
		int count = *(const int *)record_fields(record);

		if (record_site(record) == signal_site) {
			assert_in_range(count, 0, SIGNALS - 1);
			assert_int_equal(tally->seen[count]++, 0);
			tally->signalled++;
		} else {
			assert_int_equal(count, tally->counted++);
		}
		offset += record_bytes(record);
	}
}

static void tally_flushes(struct tally *tally)
{
	for (uint32_t i = 0; i < flush_cnt(TTLOG_OP_FLUSH); i++) {
		const struct ttlog_batch *batch = assert_flush(i);

		tally_batch(tally, batch);
		if (batch->flags & TTLOG_BATCH_ALONE) {
			assert_int_equal(batch_events(batch), 1);
			tally->alone++;
			continue;
		}
		assert_int_equal(batch->events_before, tally->events);
		tally->events += batch_events(batch);
	}
	flush_trap__clear();
}

/* Then one event of the handler is in the batch. */
static void begin_signals(struct tally *tally)
{
	struct sigaction action = { .sa_handler = handle_alarm, .sa_flags = SA_RESTART };

	tally->events = own_batch()->events_before;
	signalled_cnt = 0;
	handle_alarm(0);
	signal_site = record_site(record_at(own_batch(), 0));
	assert_int_equal(sigaction(SIGALRM, &action, NULL), 0);
}

/* Each event was found exactly once: the handler's, and `count` others. */
static void end_signals(struct tally *tally, int count)
{
	timer_us = 0;
	set_timer();
	(void)signal(SIGALRM, SIG_IGN);
	tally_flushes(tally);
	assert_batch_whole(own_batch());
	tally_batch(tally, own_batch());
	assert_int_equal(own_batch()->events_before, tally->events);
	assert_int_equal(tally->counted, count);
	assert_int_equal(tally->signalled, signalled_cnt);
}

/* If a flush is slow, nearly all signals hit flushes, each time in another append. */
static void test_batch_stays_the_same_where_signals_hit_flushes(void **state)
{
	static struct tally tally;
	const struct ttlog_batch *own = own_batch();
	int count = 0;

	(void)state;
	begin_signals(&tally);
	flush_trap.interrupt = SIGALRM;
	while (signalled_cnt < 100)
		log_count(count++);
	flush_trap.interrupt = 0;
	assert_ptr_equal(own_batch(), own);
	end_signals(&tally, count);
	assert_int_equal(tally.alone, 99);
}

/*
 * An append finds its batch full. Before it flushes the batch, handlers log so often that the
 * thread gets another batch. The append does not know that batch. There was a bug here: a handler
 * that ran during the flush put its event into memory that was then reset.
 */
static void test_batch_that_replaced_a_full_one_is_taken_first(void **state)
{
	static struct tally tally;
	const struct ttlog_batch *own = own_batch(), *other;
	struct ttlog_value value = { 0, 0 };
	struct ttlog_cursor cursor;
	uint32_t found = 0, offset;

	(void)state;
	begin_signals(&tally);
	while (BATCH_CAPACITY - batch_bytes(own) >= 12)
		log_count(0);
	offset = record_site(record_at(own, batch_bytes(own) - 12)) * 2;
	assert_false(ttlog__open(&cursor, 12));
	assert_int_not_equal(cursor.limit, 0);
	for (uint32_t i = 0; i < TTLOG__WAITING_MAX; i++)
		log_count(0);
	other = ttlog__batch;
	assert_ptr_not_equal(other, own);
	flush_trap__clear();
	flush_trap.interrupt = SIGALRM;
	assert_int_not_equal(
		ttlog__append_slowly(offset, 1, TTLOG_TYPE_I32, 0, &value, cursor.limit), 0);
	flush_trap.interrupt = 0;
	(void)signal(SIGALRM, SIG_IGN);
	assert_int_equal(signalled_cnt, 2);
	for (uint32_t i = 0; i < flush_cnt(TTLOG_OP_FLUSH); i++)
		found += record_site(record_at(assert_flush(i), 0)) == signal_site;
	assert_int_equal(found, 1);
	assert_batch_whole(other);
	assert_int_equal(batch_events(other), 1);
}

static void test_batch_takes_events_of_signal_handlers(void **state)
{
	static struct tally tally;
	sigset_t alarm;
	int count = 0;

	(void)state;
	sigemptyset(&alarm);
	sigaddset(&alarm, SIGALRM);
	begin_signals(&tally);
	timer_us = 100;
	set_timer();
	while (signalled_cnt < SIGNALS) {
		log_count(count++);
		if (flush_trap.cnt < 1000)
			continue;
		sigprocmask(SIG_BLOCK, &alarm, NULL);
		tally_flushes(&tally);
		sigprocmask(SIG_UNBLOCK, &alarm, NULL);
	}
	end_signals(&tally, count);
	print_message("%d events, %d signals, %u of them inside an append\n", count,
		      (int)signalled_cnt, tally.alone);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_batch_stays_the_same_where_signals_hit_flushes,
						setup, lower_all),
		cmocka_unit_test_setup_teardown(test_batch_takes_events_of_signal_handlers, setup,
						lower_all),
		/* last: after it the main thread has two batches */
		cmocka_unit_test_setup_teardown(test_batch_that_replaced_a_full_one_is_taken_first,
						setup, lower_all),
	};

	return cmocka_run_group_tests(tests, group_setup, NULL);
}

#else

int main(void)
{
	puts("test_batch_signals: traps the probe on x86-64 only; passed over");
	return 0;
}
#endif
