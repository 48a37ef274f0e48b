/* SPDX-License-Identifier: MIT */
/*
 * How batches pass from thread to thread, and what happens to them in children, at the end, and
 * without memory.
 */
#include "batch_fixture.h"

#ifdef FLUSH_TRAP_WORKS

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

	/* the next thread takes over the batch, and the counts continue */
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

/* A key destructor that logs after ttlog's own destructor: the event must not be lost. */
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

/* own: the batch of the parent's thread; here it is at the same address. */
static int child_check_threads(const struct ttlog_batch *own)
{
	const struct ttlog_batch *others = NULL;
	int next = 100, own_next = 0;
	pthread_t thread;

	flush_trap__clear();
	/* as if it is the only batch, or the newest */
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
	/* no other batch of the parent is left, or only the last one */
	if (others->next && ((const struct ttlog_batch *)(uintptr_t)others->next)->next)
		return 4;
	assert_counts(own, &own_next);
	pthread_barrier_wait(&child_turn);
	if (pthread_join(thread, NULL) || flush_cnt(TTLOG_OP_END) != 1 || others->tid)
		return 5;
	assert_counts(flush__batch(flush_trap__get(TTLOG_OP_FLUSH, 0)), &next);
	return next == 102 && own_next == 1 ? 0 : 6;
}

/* In a child a thread logs before the thread that called fork() does. There was a bug here: it took
 * that thread's batch, and then both had it. */
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
 * A thread finds that it has no batch. Before it makes one, a signal handler logs and makes one,
 * with its event. There was a bug here: the thread took that batch for one from before a fork(). It
 * set the base time again, under the records, and the process's list to this batch alone.
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

/* A program ends by exit(): the destructor flushes what is not flushed yet. */
static void test_batch_is_flushed_at_exit(void **state)
{
	/* the trap's memory is shared with the child, so its count is visible here */
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

/* Without memory for a batch the program goes on, and each event goes alone. */
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

	/* no batch is left to be reused */
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_batch_is_given_back_at_thread_end, setup,
						lower_all),
		cmocka_unit_test_setup_teardown(test_batch_is_each_threads_own, setup, lower_all),
		cmocka_unit_test_setup_teardown(test_batch_takes_events_of_key_destructors, setup,
						lower_all),
		cmocka_unit_test_setup_teardown(test_batch_is_fresh_in_a_child, setup, lower_all),
		cmocka_unit_test_setup_teardown(test_batch_stays_with_the_thread_that_forked, setup,
						lower_all),
		cmocka_unit_test_setup_teardown(test_batch_of_a_handler_is_not_made_again, setup,
						lower_all),
		cmocka_unit_test_setup_teardown(test_batch_is_flushed_at_exit, setup, lower_all),
		cmocka_unit_test_setup_teardown(test_batch_is_done_without_where_there_is_no_memory,
						setup, lower_all),
	};

	return cmocka_run_group_tests(tests, group_setup, NULL);
}

#else

int main(void)
{
	puts("test_batch_threads: traps the probe on x86-64 only; passed over");
	return 0;
}
#endif
