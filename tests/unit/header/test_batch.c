/* SPDX-License-Identifier: MIT */
/*
 * How batches fill, are handed over, change threads, and what becomes of them in children and in
 * signal handlers. The test is its own collector: it traps the probe ttlog:control (flush_trap.h).
 *
 * The main thread's batch lives through all tests; each starts with it flushed and the trap empty.
 */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <cmocka.h>

/* the least there is: so that batches are soon full */
#define TTLOG_BATCH_BYTES 4096
#define TTLOG_SERVICE     "test_batch"
#include <ttlog/ttlog.h>

#include "flush_trap.h"
#include "own_batch.h"

#ifdef FLUSH_TRAP_WORKS

static int setup(void **state)
{
	(void)state;
	raise_sites(1);
	raise_listening(1, 0);
	TTLOG_INFO("setup");
	ttlog__flush();
	flush_trap__clear();
	return batch_bytes(own_batch()) != 0;
}

static int teardown(void **state)
{
	(void)state;
	raise_listening(0, 0);
	raise_sites(0);
	return 0;
}

static int group_setup(void **state)
{
	(void)state;
	return flush_trap__install(&ttlog_module);
}

static void log_count(int count)
{
	TTLOG_PROBE(count, INFO, "Count", "count", count);
}

static uint32_t flush_cnt(enum ttlog_op op)
{
	uint32_t cnt = 0;

	while (flush_trap__get(op, cnt))
		cnt++;
	return cnt;
}

/* Whole, as long as it says, and at the address where the batch is unless it stands alone. */
static const struct ttlog_batch *assert_flush(uint32_t i)
{
	const struct flush *flush = flush_trap__get(TTLOG_OP_FLUSH, i);
	const struct ttlog_batch *batch;

	assert_non_null(flush);
	batch = flush__batch(flush);
	assert_batch_whole(batch);
	assert_int_equal(flush->bytes, sizeof(*batch) + batch_bytes(batch));
	return batch;
}

/* The batch's records are log_count()s that go on from *next. */
static void assert_counts(const struct ttlog_batch *batch, int *next)
{
	uint32_t offset = 0;

	while (offset < batch_bytes(batch)) {
		const struct ttlog_record *record = record_at(batch, offset);

		assert_int_equal(record_bytes(record), 12);
		assert_int_equal(*(const int *)record_fields(record), (*next)++);
		offset += record_bytes(record);
	}
}

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
	/* a record that just fits, then one of 4 bytes more than what is left */
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

/* Two strings of 4,000 bytes: more than a batch. It goes alone, the batch goes on. */
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

/* ---- Threads ---- */

struct worker {
	pthread_t thread;
	int events;
	const struct ttlog_batch *batch;
	uint64_t seq; /* of its first batch */
	uint64_t events_before;
	pid_t tid;
};

static void *worker_run(void *arg)
{
	struct worker *worker = (struct worker *)arg;

	log_count(0);
	worker->tid = gettid();
	worker->batch = own_batch();
	worker->seq = worker->batch->seq;
	worker->events_before = worker->batch->events_before;
	for (int i = 1; i < worker->events; i++)
		log_count(i);
	return NULL;
}

static void worker_start(struct worker *worker, int events)
{
	*worker = (struct worker){ .events = events };
	assert_int_equal(pthread_create(&worker->thread, NULL, worker_run, worker), 0);
}

static void worker_finish(struct worker *worker)
{
	assert_int_equal(pthread_join(worker->thread, NULL), 0);
}

static void test_batch_is_given_back_at_thread_end(void **state)
{
	struct worker first, second;
	int next = 0;

	(void)state;
	worker_start(&first, 3);
	worker_finish(&first);
	assert_int_equal(flush_trap.cnt, 3);
	assert_int_equal(flush_trap.flushes[0].op, TTLOG_OP_BEGIN);
	assert_int_equal(flush_trap.flushes[1].op, TTLOG_OP_FLUSH);
	assert_int_equal(flush_trap.flushes[2].op, TTLOG_OP_END);
	for (int i = 0; i < 3; i++)
		assert_ptr_equal(flush_trap.flushes[i].address, first.batch);
	assert_int_equal(assert_flush(0)->tid, first.tid);
	assert_counts(assert_flush(0), &next);
	assert_int_equal(next, 3);
	assert_int_equal(first.batch->tid, 0);

	/* the next thread takes it, and counts go on */
	worker_start(&second, 2);
	worker_finish(&second);
	assert_ptr_equal(second.batch, first.batch);
	assert_int_equal(second.seq, first.seq + 1);
	assert_int_equal(second.events_before, first.events_before + 3);
	assert_int_equal(assert_flush(1)->tid, second.tid);
	assert_int_equal(batch_events(assert_flush(1)), 2);
}

#define WORKERS       8
#define WORKER_EVENTS 2000

static void test_batch_is_each_threads_own(void **state)
{
	struct worker workers[WORKERS];
	int next[WORKERS] = { 0 };

	(void)state;
	for (int i = 0; i < WORKERS; i++)
		worker_start(&workers[i], WORKER_EVENTS);
	for (int i = 0; i < WORKERS; i++)
		worker_finish(&workers[i]);
	assert_int_equal(flush_cnt(TTLOG_OP_BEGIN), WORKERS);
	assert_int_equal(flush_cnt(TTLOG_OP_END), WORKERS);
	for (uint32_t i = 0; i < flush_cnt(TTLOG_OP_FLUSH); i++) {
		const struct ttlog_batch *batch = assert_flush(i);
		int worker = 0;

		while (worker < WORKERS && (uint32_t)workers[worker].tid != batch->tid)
			worker++;
		assert_in_range(worker, 0, WORKERS - 1);
		assert_counts(batch, &next[worker]);
	}
	for (int i = 0; i < WORKERS; i++)
		assert_int_equal(next[i], WORKER_EVENTS);
}

/* A key destructor that logs after ttlog's own has run: the event must not be lost. */
static void log_at_end(void *count)
{
	log_count((int)(intptr_t)count);
}

static void *late_run(void *arg)
{
	(void)pthread_setspecific(*(pthread_key_t *)arg, (void *)(intptr_t)1);
	log_count(0);
	return NULL;
}

static void test_batch_takes_events_of_key_destructors(void **state)
{
	pthread_key_t key;
	pthread_t thread;
	int next = 0;

	(void)state;
	assert_int_equal(pthread_key_create(&key, log_at_end), 0);
	assert_int_equal(pthread_create(&thread, NULL, late_run, &key), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(pthread_key_delete(key), 0);
	for (uint32_t i = 0; i < flush_cnt(TTLOG_OP_FLUSH); i++)
		assert_counts(assert_flush(i), &next);
	assert_int_equal(next, 2);
	assert_int_equal(flush_cnt(TTLOG_OP_BEGIN), flush_cnt(TTLOG_OP_END));
}

/* ---- Children ---- */

static int child_check(void)
{
	const struct ttlog_batch *batch;
	int next = 10;

	flush_trap__clear();
	for (int i = 10; i < 13; i++)
		log_count(i);
	batch = own_batch();
	if (!batch || batch->seq != 1 || batch->events_before || batch_events(batch) != 3)
		return 1;
	if (flush_cnt(TTLOG_OP_FLUSH) || flush_cnt(TTLOG_OP_BEGIN) != 1 || batch->next)
		return 2;
	assert_counts(batch, &next);
	return next == 13 ? 0 : 3;
}

static void test_batch_is_fresh_in_a_child(void **state)
{
	const struct ttlog_batch *own = own_batch();
	char before[TTLOG_BATCH_BYTES];
	pid_t pid;
	int status;

	(void)state;
	log_count(0);
	log_count(1);
	memcpy(before, own, sizeof(before));
	pid = fork();
	assert_int_not_equal(pid, -1);
	if (!pid)
		_exit(child_check());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_memory_equal(own, before, sizeof(before));
	log_count(2);
	assert_int_equal(batch_events(own), 3);
}

static pthread_barrier_t child_turn;

static void *child_run(void *ret_batch)
{
	log_count(100);
	*(const struct ttlog_batch **)ret_batch = own_batch();
	pthread_barrier_wait(&child_turn);
	pthread_barrier_wait(&child_turn);
	log_count(101);
	return NULL;
}

/* own: the parent's thread's, whose place in memory it is here, too. */
static int child_check_threads(const struct ttlog_batch *own)
{
	const struct ttlog_batch *others = NULL;
	int next = 100, own_next = 0;
	pthread_t thread;

	flush_trap__clear();
	/* as where it is the only one, or came last */
	ttlog_module.batches = (uintptr_t)own;
	if (pthread_barrier_init(&child_turn, NULL, 2) ||
	    pthread_create(&thread, NULL, child_run, &others))
		return 1;
	pthread_barrier_wait(&child_turn);
	log_count(0);
	if (!others || others == own || own_batch() != own)
		return 2;
	if (batch_events(others) != 1 || batch_events(own) != 1)
		return 3;
	/* of what the parent had there is no other, or the last one */
	if (others->next && ((const struct ttlog_batch *)(uintptr_t)others->next)->next)
		return 4;
	assert_counts(own, &own_next);
	pthread_barrier_wait(&child_turn);
	if (pthread_join(thread, NULL) || flush_cnt(TTLOG_OP_END) != 1 || others->tid)
		return 5;
	assert_counts(flush__batch(flush_trap__get(TTLOG_OP_FLUSH, 0)), &next);
	return next == 102 && own_next == 1 ? 0 : 6;
}

/* In a child a thread logs before the one that called fork(): it took that one's batch, and then both
 * had it. */
static void test_batch_stays_with_the_thread_that_forked(void **state)
{
	const struct ttlog_batch *own;
	int status;
	pid_t pid;

	(void)state;
	log_count(0);
	own = own_batch();
	pid = fork();
	assert_int_not_equal(pid, -1);
	if (!pid)
		_exit(child_check_threads(own));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/*
 * A thread finds that it has no batch, and before it makes one a signal handler logs: then there is
 * one, with the handler's event. A second time it was taken for one of before a fork(): its base
 * time was set anew under its records, and the process's list of batches to this one.
 */
static void test_batch_of_a_handler_is_not_made_again(void **state)
{
	const struct ttlog_batch *own = own_batch();
	uint64_t base_ticks, next, first = ttlog_module.batches;
	int count = 0;

	(void)state;
	log_count(0);
	base_ticks = own->base_ticks;
	next = own->next;
	assert_ptr_equal(ttlog__make_batch(), own);
	log_count(1);
	assert_int_equal(flush_trap.cnt, 0);
	assert_int_equal(own->base_ticks, base_ticks);
	assert_int_equal(own->next, next);
	assert_int_equal(ttlog_module.batches, first);
	assert_counts(own, &count);
	assert_int_equal(count, 2);
}

/* What a program that ends by exit() has not flushed yet is flushed by the destructor. */
static void test_batch_is_flushed_at_exit(void **state)
{
	/* the trap's memory, shared with the child: its count tells */
	uint32_t *shared = (uint32_t *)mmap(NULL, 4096, PROT_READ | PROT_WRITE,
					    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pid;
	int status;

	(void)state;
	assert_ptr_not_equal(shared, MAP_FAILED);
	pid = fork();
	assert_int_not_equal(pid, -1);
	if (!pid) {
		flush_trap__clear();
		log_count(0);
		log_count(1);
		ttlog__finish();
		shared[0] = flush_cnt(TTLOG_OP_FLUSH);
		shared[1] = shared[0]
				    ? batch_events(flush__batch(flush_trap__get(TTLOG_OP_FLUSH, 0)))
				    : 0;
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(shared[0], 1);
	assert_int_equal(shared[1], 2);
	assert_int_equal(munmap(shared, 4096), 0);
}

/* Without memory for a batch: the program goes on, and each event goes alone. */
static void *starved_run(void *arg)
{
	struct rlimit limit = { 0 }, none;

	(void)getrlimit(RLIMIT_AS, &limit);
	none = limit;
	none.rlim_cur = 1;
	errno = 4711;
	(void)setrlimit(RLIMIT_AS, &none);
	for (int i = 0; i < 3; i++)
		log_count(i);
	(void)setrlimit(RLIMIT_AS, &limit);
	*(int *)arg = errno;
	return NULL;
}

static int starved_check(void)
{
	pthread_t thread;
	int next = 0, err = 0;

	/* leave no batch to be reused */
	ttlog_module.batches = 0;
	flush_trap__clear();
	if (pthread_create(&thread, NULL, starved_run, &err) || pthread_join(thread, NULL))
		return 1;
	if (flush_cnt(TTLOG_OP_BEGIN) || flush_cnt(TTLOG_OP_FLUSH) != 3 || err != 4711)
		return 2;
	for (uint32_t i = 0; i < 3; i++) {
		if (!(flush__batch(flush_trap__get(TTLOG_OP_FLUSH, i))->flags & TTLOG_BATCH_ALONE))
			return 3;
		assert_counts(flush__batch(flush_trap__get(TTLOG_OP_FLUSH, i)), &next);
	}
	return next == 3 ? 0 : 4;
}

static void test_batch_is_done_without_where_there_is_no_memory(void **state)
{
	pid_t pid = fork();
	int status;

	(void)state;
	assert_int_not_equal(pid, -1);
	if (!pid)
		_exit(starved_check());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/* ---- Signals ---- */

#define SIGNALS 500

static volatile sig_atomic_t signalled_cnt;
static uint32_t signal_site;

static long
	timer_us; /* from the end of one signal's handler to the next signal; 0: raised by hand */

/* Once: one that repeats does not let a machine get on whose signals take as long as the period. */
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

/* What was found of the two kinds of events. */
struct tally {
	int counted;
	uint64_t events; /* in batches that are not alone */
	uint32_t alone, signalled;
	char seen[SIGNALS]; /* of the handler's; those alone overtake those in a batch */
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

/* One event of the handler is in the batch then. */
static void begin_signals(struct tally *tally)
{
	struct sigaction action = { .sa_handler = handle_alarm, .sa_flags = SA_RESTART };

	tally->events = own_batch()->events_before;
	signalled_cnt = 0;
	handle_alarm(0);
	signal_site = record_site(record_at(own_batch(), 0));
	assert_int_equal(sigaction(SIGALRM, &action, NULL), 0);
}

/* All events were found, once each: of the handler, and `count` others. */
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

/* Where a flush is dear, signals hit hardly anything else; each time it is another append. */
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
 * An append finds its batch full; before it hands it over, handlers log so often that they get the
 * thread another. That one is not in the append's hand: a handler that came while it was handed over
 * put its event where it was wiped out.
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
		cmocka_unit_test_setup_teardown(test_batch_flushes_when_full, setup, teardown),
		cmocka_unit_test_setup_teardown(test_batch_fills_to_the_last_byte, setup, teardown),
		cmocka_unit_test_setup_teardown(test_batch_hands_large_records_over_alone, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_batch_flushes_each_event_in_immediate_mode,
						setup, teardown),
		cmocka_unit_test_setup_teardown(test_batch_flushes_before_a_snapshot, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_batch_is_given_back_at_thread_end, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_batch_is_each_threads_own, setup, teardown),
		cmocka_unit_test_setup_teardown(test_batch_takes_events_of_key_destructors, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_batch_is_fresh_in_a_child, setup, teardown),
		cmocka_unit_test_setup_teardown(test_batch_stays_with_the_thread_that_forked, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_batch_of_a_handler_is_not_made_again, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_batch_is_flushed_at_exit, setup, teardown),
		cmocka_unit_test_setup_teardown(test_batch_is_done_without_where_there_is_no_memory,
						setup, teardown),
		cmocka_unit_test_setup_teardown(test_batch_stays_the_same_where_signals_hit_flushes,
						setup, teardown),
		cmocka_unit_test_setup_teardown(test_batch_takes_events_of_signal_handlers, setup,
						teardown),
		/* last: the main thread has two batches after it */
		cmocka_unit_test_setup_teardown(test_batch_that_replaced_a_full_one_is_taken_first,
						setup, teardown),
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
