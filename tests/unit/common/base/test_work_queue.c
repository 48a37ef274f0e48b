/* SPDX-License-Identifier: MIT */
/*
 * Work for many keys: one job at a time for each key, what is posted meanwhile is done in one go,
 * and no key waits for another that hangs.
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "work_queue.h"

#define KEYS     16
#define URGENT   0x80u
#define WAIT_NS  (300 * 1000000000ull)
#define HANG_CNT 8u

/* Work that waits until the test releases it, and what the test saw of it. */
struct bench {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool held[KEYS];
	bool runs[KEYS];
	unsigned int cnt[KEYS];
	uint32_t what[KEYS];   /* of the last job */
	uint64_t detail[KEYS]; /* likewise */
	bool overlapped;
};

static void run(void *ctx, const struct work *work)
{
	struct bench *bench = ctx;

	pthread_mutex_lock(&bench->lock);
	bench->overlapped |= bench->runs[work->key];
	bench->runs[work->key] = true;
	bench->cnt[work->key]++;
	bench->what[work->key] = work->what;
	bench->detail[work->key] = work->detail;
	pthread_cond_broadcast(&bench->changed);
	while (bench->held[work->key])
		pthread_cond_wait(&bench->changed, &bench->lock);
	bench->runs[work->key] = false;
	pthread_mutex_unlock(&bench->lock);
}

static struct work_queue *set_up(struct bench *bench)
{
	struct work_queue *queue;

	memset(bench, 0, sizeof(*bench));
	pthread_mutex_init(&bench->lock, NULL);
	pthread_cond_init(&bench->changed, NULL);
	queue = work_queue__new("test", run, bench, 0);
	assert_non_null(queue);
	return queue;
}

static void hold(struct bench *bench, uint32_t key, bool held)
{
	pthread_mutex_lock(&bench->lock);
	bench->held[key] = held;
	pthread_cond_broadcast(&bench->changed);
	pthread_mutex_unlock(&bench->lock);
}

static void wait_for(struct bench *bench, uint32_t key, unsigned int cnt)
{
	pthread_mutex_lock(&bench->lock);
	while (bench->cnt[key] < cnt)
		pthread_cond_wait(&bench->changed, &bench->lock);
	pthread_mutex_unlock(&bench->lock);
}

static void post(struct work_queue *queue, uint32_t key, uint32_t what, uint64_t detail)
{
	const struct work work = { .key = key, .what = what, .detail = detail };

	assert_int_equal(work_queue__post(queue, &work), 0);
}

static void test_work_queue_gathers_what_comes_meanwhile(void **state)
{
	struct bench bench;
	struct work_queue *queue = set_up(&bench);

	(void)state;
	hold(&bench, 1, true);
	post(queue, 1, 1, 10);
	wait_for(&bench, 1, 1);
	for (uint64_t i = 0; i < 1000; i++)
		post(queue, 1, i % 2 ? 2 : 4, i);
	hold(&bench, 1, false);
	wait_for(&bench, 1, 2);
	assert_true(work_queue__stop(queue, WAIT_NS));
	assert_int_equal(bench.cnt[1], 2);
	assert_int_equal(bench.what[1], 6);
	assert_int_equal(bench.detail[1], 999);
	work_queue__free(queue);
}

static void test_work_queue_goes_on_beside_what_hangs(void **state)
{
	struct bench bench;
	struct work_queue *queue = set_up(&bench);

	(void)state;
	for (uint32_t key = 0; key < HANG_CNT; key++) {
		hold(&bench, key, true);
		post(queue, key, 1, 0);
		wait_for(&bench, key, 1);
	}
	for (uint32_t key = HANG_CNT; key < KEYS; key++)
		post(queue, key, 1, 0);
	for (uint32_t key = HANG_CNT; key < KEYS; key++)
		wait_for(&bench, key, 1);
	/* each key that hangs still has its thread */
	assert_false(work_queue__stop(queue, 1000000));
	for (uint32_t key = 0; key < HANG_CNT; key++)
		hold(&bench, key, false);
	assert_true(work_queue__stop(queue, WAIT_NS));
	assert_false(bench.overlapped);
	work_queue__free(queue);
}

static void test_work_queue_never_does_a_key_twice_at_once(void **state)
{
	struct bench bench;
	struct work_queue *queue;

	(void)state;
	set_up(&bench);
	queue = work_queue__new("test", run, &bench, URGENT);
	assert_non_null(queue);
	for (uint32_t i = 0; i < 20000; i++)
		post(queue, i % 3, i % 5 ? 1 : URGENT, i);
	for (uint32_t key = 0; key < 3; key++)
		post(queue, key, URGENT, UINT64_MAX);
	/* what was posted last is done, even if the key had a rest to keep */
	for (uint32_t key = 0; key < 3; key++) {
		pthread_mutex_lock(&bench.lock);
		while (bench.detail[key] != UINT64_MAX)
			pthread_cond_wait(&bench.changed, &bench.lock);
		pthread_mutex_unlock(&bench.lock);
	}
	assert_true(work_queue__stop(queue, WAIT_NS));
	assert_false(bench.overlapped);
	work_queue__free(queue);
	work_queue__free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_work_queue_gathers_what_comes_meanwhile),
		cmocka_unit_test(test_work_queue_goes_on_beside_what_hangs),
		cmocka_unit_test(test_work_queue_never_does_a_key_twice_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
