/* SPDX-License-Identifier: MIT */
/*
 * Batches grow if they fill often, and become small again later. The test is its own collector, as
 * in batch_fixture.h. Times are not measured: base_ticks is set to the time when a batch began.
 * "Often" is set so long that no thread waits longer for a CPU.
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <cmocka.h>

#define TTLOG_BATCH_BYTES       4096
#define TTLOG_BATCH_GROWN_BYTES 28672 /* no power of two times the first: the last step is less */
#define TTLOG__OFTEN_US         300000u
#define TTLOG__SELDOM           4u
#define TTLOG_SERVICE           "test_grow"
#include <ttlog/ttlog.h>

#include "flush_trap.h"
#include "own_batch.h"

#ifdef FLUSH_TRAP_WORKS

#define PAGE_BYTES  4096u
#define GROWN_PAGES (TTLOG_BATCH_GROWN_BYTES / PAGE_BYTES)

static struct ttlog_batch *batch_of_thread(void)
{
	return (struct ttlog_batch *)(uintptr_t)own_batch();
}

static void log_count(int count)
{
	TTLOG_PROBE(count, INFO, "Count", "count", count);
}

static uint32_t size_of(const struct ttlog_batch *batch)
{
	return batch->capacity_bytes + TTLOG__BATCH_REST;
}

/* Fills the batch up to the last record. The batch began now, or long ago. Then logs one more. */
static void fill(int seldom)
{
	struct ttlog_batch *batch = batch_of_thread();
	uint64_t seq = batch->seq, often = ttlog__us_ticks(batch->clock, TTLOG__OFTEN_US), now;

	while (batch->capacity_bytes - batch_bytes(batch) >= 12)
		log_count(1);
	now = ttlog__clock_ticks(batch->clock);
	batch->base_ticks = seldom ? now - often * (TTLOG__SELDOM + 1) : now;
	log_count(2);
	assert_true(batch->seq > seq);
	assert_int_equal(batch_events(batch), 1);
}

/* Fills a batch of this size as many times in a row as it needs to grow. */
static void fill_often(void)
{
	uint32_t flushes = ttlog__flushes(own_batch());

	for (uint32_t i = 0; i < flushes; i++)
		fill(0);
}

/* How many pages of the reserved memory are resident. */
static uint32_t pages_there(const struct ttlog_batch *batch)
{
	unsigned char there[GROWN_PAGES];
	uint32_t cnt = 0;

	assert_int_equal(mincore((void *)(uintptr_t)batch, TTLOG_BATCH_GROWN_BYTES, there), 0);
	for (uint32_t i = 0; i < GROWN_PAGES; i++)
		cnt += there[i] & 1;
	return cnt;
}

static int setup(void **state)
{
	(void)state;
	raise_sites(1);
	raise_listening(1, 0);
	TTLOG_INFO("setup");
	fill(1);
	ttlog__flush();
	flush_trap__clear();
	return size_of(own_batch()) != TTLOG_BATCH_BYTES || ttlog_module.grown_bytes;
}

static int teardown(void **state)
{
	(void)state;
	ttlog_module.grown_bytes = 0;
	ttlog_module.is_tight = 0;
	fill(1);
	ttlog_module.grown_bytes = 0;
	raise_listening(0, 0);
	raise_sites(0);
	return 0;
}

static int group_setup(void **state)
{
	(void)state;
	return flush_trap__install(&ttlog_module);
}

static void test_grow_doubles_up_to_what_was_reserved(void **state)
{
	static const uint32_t sizes[] = { 8192, 16384, 28672, 28672 };
	const struct ttlog_batch *batch = own_batch();

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		fill_often();
		assert_int_equal(size_of(batch), sizes[i]);
		assert_int_equal(batch->limit_bytes, batch->capacity_bytes);
		assert_int_equal(ttlog_module.grown_bytes, sizes[i] - TTLOG_BATCH_BYTES);
	}
	assert_ptr_equal(own_batch(), batch);
	/* the last flush is as large as that */
	for (uint32_t i = 0;; i++) {
		const struct flush *flush = flush_trap__get(TTLOG_OP_FLUSH, i);

		if (!flush)
			break;
		assert_batch_whole(flush__batch(flush));
		if (!flush_trap__get(TTLOG_OP_FLUSH, i + 1))
			assert_in_range(flush->bytes, TTLOG_BATCH_GROWN_BYTES - 32,
					TTLOG_BATCH_GROWN_BYTES);
	}
}

static void test_grow_not_where_batches_fill_seldom(void **state)
{
	const struct ttlog_batch *batch = own_batch();

	(void)state;
	fill(1);
	assert_int_equal(size_of(batch), TTLOG_BATCH_BYTES);
	/* flushes of a batch that is not full don't count either */
	for (int i = 0; i < 10; i++) {
		log_count(i);
		ttlog__flush();
	}
	assert_int_equal(size_of(batch), TTLOG_BATCH_BYTES);
	assert_int_equal(pages_there(batch), 1);
}

static void test_grow_gives_memory_back_when_quiet(void **state)
{
	const struct ttlog_batch *batch = own_batch();

	(void)state;
	for (int i = 0; i < 4; i++)
		fill_often();
	assert_int_equal(pages_there(batch), GROWN_PAGES);
	fill(1);
	assert_int_equal(size_of(batch), TTLOG_BATCH_BYTES);
	assert_int_equal(pages_there(batch), 1);
	assert_int_equal(ttlog_module.grown_bytes, 0);
	assert_batch_whole(batch);
}

static void test_grow_ends_where_the_module_has_grown_enough(void **state)
{
	const struct ttlog_batch *batch = own_batch();

	(void)state;
	ttlog_module.grown_bytes = (int32_t)TTLOG_BATCH_GROWTH_BYTES - 4096;
	fill_often();
	assert_int_equal(size_of(batch), 8192);
	fill_often();
	assert_int_equal(size_of(batch), 8192);
	assert_int_equal(ttlog_module.grown_bytes, TTLOG_BATCH_GROWTH_BYTES);
}

static void *grow_and_end(void *ret_batch)
{
	log_count(0);
	*(const struct ttlog_batch **)ret_batch = own_batch();
	for (int i = 0; i < 4; i++)
		fill_often();
	assert_int_equal(ttlog_module.grown_bytes, TTLOG_BATCH_GROWN_BYTES - TTLOG_BATCH_BYTES);
	return NULL;
}

static void test_grow_ends_with_the_thread(void **state)
{
	const struct ttlog_batch *batch = NULL;
	pthread_t thread;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, grow_and_end, &batch), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_non_null(batch);
	assert_int_equal(batch->tid, 0);
	assert_int_equal(size_of(batch), TTLOG_BATCH_BYTES);
	assert_int_equal(pages_there(batch), 1);
	assert_int_equal(ttlog_module.grown_bytes, 0);
}

static void test_grow_begins_anew_in_a_child(void **state)
{
	int status;
	pid_t child;

	(void)state;
	for (int i = 0; i < 4; i++)
		fill_often();
	child = fork();
	if (child == 0) {
		log_count(0);
		if (size_of(own_batch()) != TTLOG_BATCH_BYTES || ttlog_module.grown_bytes)
			_exit(1);
		fill_often();
		_exit(size_of(own_batch()) == 8192 && ttlog_module.grown_bytes == 4096 ? 0 : 2);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_int_equal(size_of(own_batch()), TTLOG_BATCH_GROWN_BYTES);
}

/* ---- addresses run short ---- */

static pthread_barrier_t turn;

static size_t own_address_bytes(void)
{
	FILE *file = fopen("/proc/self/statm", "r");
	unsigned long pages = 0;

	assert_non_null(file);
	assert_int_equal(fscanf(file, "%lu", &pages), 1);
	(void)fclose(file);
	return pages * (size_t)sysconf(_SC_PAGESIZE);
}

static void *log_when_short(void *ret_size)
{
	pthread_barrier_wait(&turn);
	pthread_barrier_wait(&turn);
	log_count(0);
	fill_often();
	*(uint32_t *)ret_size = own_batch() ? size_of(own_batch()) : 0;
	pthread_barrier_wait(&turn);
	return NULL;
}

/* In a child, which has one batch and no other to reuse. */
static void log_with_few_addresses(void)
{
	struct rlimit limit = { 0 };
	pthread_t thread;
	uint32_t size = 0;

	log_count(0);
	if (pthread_barrier_init(&turn, NULL, 2) ||
	    pthread_create(&thread, NULL, log_when_short, &size))
		_exit(1);
	/* the batch has all that a new thread's batch has */
	pthread_barrier_wait(&turn);
	limit.rlim_cur = own_address_bytes() + 2 * PAGE_BYTES;
	limit.rlim_max = limit.rlim_cur;
	if (setrlimit(RLIMIT_AS, &limit))
		_exit(2);
	pthread_barrier_wait(&turn);
	pthread_barrier_wait(&turn);
	_exit(size == TTLOG_BATCH_BYTES && ttlog_module.is_tight ? 0 : 3);
}

static void test_grow_not_where_addresses_run_short(void **state)
{
	pid_t child = fork();
	int status;

	(void)state;
	if (child == 0)
		log_with_few_addresses();
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_grow_doubles_up_to_what_was_reserved),
		TEST(test_grow_not_where_batches_fill_seldom),
		TEST(test_grow_gives_memory_back_when_quiet),
		TEST(test_grow_ends_where_the_module_has_grown_enough),
		TEST(test_grow_ends_with_the_thread),
		TEST(test_grow_begins_anew_in_a_child),
		TEST(test_grow_not_where_addresses_run_short),
	};

	return cmocka_run_group_tests(tests, group_setup, NULL);
}

#else

int main(void)
{
	puts("test_grow: traps the probe on x86-64 only; passed over");
	return 0;
}

#endif
