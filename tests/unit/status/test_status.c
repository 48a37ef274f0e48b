/* SPDX-License-Identifier: MIT */
/* The state of the recorder: counts by service and by reason, and threads that ask for a copy. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>

#include "clock.h"
#include "process_table.h"
#include "service_totals.h"
#include "snapshot_counts.h"
#include "status_board.h"

#define DEADLINE_MS 60000u

static void test_service_totals_are_bounded(void **state)
{
	const struct accounts one = {
		.emitted = 3, .recorded = 2, .lost_total = 1, .lost.fault = 1
	};
	struct service_totals totals = { 0 }, copy;
	const struct service_total *rest;
	char name[16];

	(void)state;
	for (unsigned int i = 0; i < 2 * SERVICE_TOTALS_MAX; i++) {
		(void)snprintf(name, sizeof(name), "service-%u", i);
		service_totals__add(&totals, name, &one, 100, 10);
		service_totals__add(&totals, name, &one, 100, 10);
	}
	assert_int_equal(totals.cnt, SERVICE_TOTALS_MAX + 1);
	assert_string_equal(totals.items[0].name, "service-0");
	assert_int_equal(totals.items[0].processes, 2);
	assert_int_equal(totals.items[0].accounts.emitted, 6);
	assert_int_equal(totals.items[0].accounts.lost.fault, 2);
	assert_int_equal(totals.items[0].bytes, 200);
	rest = &totals.items[SERVICE_TOTALS_MAX];
	assert_string_equal(rest->name, SERVICE_TOTALS_REST);
	assert_int_equal(rest->processes, 2 * SERVICE_TOTALS_MAX);
	assert_int_equal(rest->flushes, 20 * SERVICE_TOTALS_MAX);

	service_totals__copy(&totals, &copy);
	assert_int_equal(copy.cnt, totals.cnt);
	assert_memory_equal(copy.items, totals.items, totals.cnt * sizeof(*copy.items));
	service_totals__fini(&copy);
	service_totals__fini(&totals);
}

static void test_service_totals_without_a_service(void **state)
{
	const struct accounts one = { .emitted = 1 };
	struct service_totals totals = { 0 };

	(void)state;
	service_totals__add(&totals, NULL, &one, 0, 0);
	service_totals__add(&totals, "", &one, 0, 0);
	assert_int_equal(totals.cnt, 1);
	assert_string_equal(totals.items[0].name, "");
	assert_int_equal(totals.items[0].processes, 2);
	service_totals__fini(&totals);
}

static void test_snapshot_counts_by_reason(void **state)
{
	struct snapshot_counts counts = { 0 };
	const struct snapshot_count *crash = &counts.by_reason[SNAPSHOT_CRASH];
	const struct snapshot_count *other = &counts.by_reason[SNAPSHOT_OTHER];

	(void)state;
	snapshot_counts__made(&counts, "crash", 5, 100, 900000);
	snapshot_counts__made(&counts, "crash", 6, 200, 2000000000);
	snapshot_counts__failed(&counts, "crash", -ENOSPC);
	snapshot_counts__suppressed(&counts, "before-restart");
	snapshot_counts__made(&counts, "user-crash", 1, 1, 1);
	assert_int_equal(crash->made, 2);
	assert_int_equal(crash->failed, 1);
	assert_int_equal(counts.faults[STORAGE_NO_ROOM], 1);
	assert_int_equal(crash->events, 11);
	assert_int_equal(crash->bytes, 300);
	assert_int_equal(crash->longest_ns, 2000000000);
	/* cumulative: at most 1 ms, ..., 1 s, 10 s, all */
	assert_int_equal(crash->durations[0], 1);
	assert_int_equal(crash->durations[3], 1);
	assert_int_equal(crash->durations[4], 2);
	assert_int_equal(crash->durations[SNAPSHOT_DURATION_CNT - 1], 2);
	assert_int_equal(other->made, 1);
	assert_int_equal(other->suppressed, 1);
}

static void test_snapshot_reasons_have_names(void **state)
{
	(void)state;
	for (int i = 0; i < SNAPSHOT_REASON_CNT; i++)
		assert_int_equal(snapshot_reason__of(snapshot_reason__name(i)), i);
	assert_int_equal(snapshot_reason__of("checkpoint"), SNAPSHOT_OTHER);
}

/* A drain thread that has nothing else to do. */
struct drainer {
	struct status_board *board;
	struct process_table table;
	pthread_t thread;
	sem_t woken;
	bool fails, stopping; /* before it is woken */
	unsigned int made_cnt;
};

static void wake(void *ctx)
{
	struct drainer *drainer = ctx;

	(void)sem_post(&drainer->woken);
}

static void *drain(void *arg)
{
	struct drainer *drainer = arg;
	uint64_t now_ns;

	while (!__atomic_load_n(&drainer->stopping, __ATOMIC_ACQUIRE)) {
		struct timespec until;

		(void)clock_gettime(CLOCK_REALTIME, &until);
		until.tv_sec += until.tv_nsec >= 990000000;
		until.tv_nsec = (until.tv_nsec + 10000000) % 1000000000;
		(void)sem_timedwait(&drainer->woken, &until);
		if (!status_board__begin(drainer->board, &now_ns))
			continue;
		drainer->made_cnt++;
		status_board__put(drainer->board,
				  drainer->fails ? NULL : status__new(&drainer->table, now_ns),
				  now_ns);
	}
	status_board__close(drainer->board);
	return NULL;
}

static struct drainer *start(bool fails)
{
	static const struct status_sources none = { 0 };
	struct drainer *drainer = calloc(1, sizeof(*drainer));

	assert_non_null(drainer);
	drainer->fails = fails;
	drainer->board = status_board__new(&none);
	assert_non_null(drainer->board);
	assert_int_equal(sem_init(&drainer->woken, 0, 0), 0);
	assert_int_equal(pthread_create(&drainer->thread, NULL, drain, drainer), 0);
	return drainer;
}

static void stop(struct drainer *drainer)
{
	__atomic_store_n(&drainer->stopping, true, __ATOMIC_RELEASE);
	assert_int_equal(pthread_join(drainer->thread, NULL), 0);
}

static void free_drainer(struct drainer *drainer)
{
	status_board__free(drainer->board);
	(void)sem_destroy(&drainer->woken);
	free(drainer);
}

static const struct status *ask(struct drainer *drainer, uint64_t max_age_ns)
{
	return status_board__ask(drainer->board, max_age_ns, DEADLINE_MS, wake, drainer);
}

static void test_status_board_gives_the_same_copy_while_it_is_new(void **state)
{
	struct drainer *drainer = start(false);
	const struct status *first = ask(drainer, 0), *second, *third;

	(void)state;
	assert_non_null(first);
	assert_true(first->is_complete);
	assert_true(first->resident_bytes > 0);
	assert_true(first->mono_ns >= first->start_mono_ns);
	second = ask(drainer, DEADLINE_MS * 1000000ull);
	assert_ptr_equal(first, second);
	/* a new one comes a tenth of a second later at the earliest, and the old one stays */
	third = ask(drainer, 0);
	assert_non_null(third);
	assert_true(third->mono_ns - first->mono_ns >= 100000000);
	status_board__release(drainer->board, first);
	status_board__release(drainer->board, second);
	status_board__release(drainer->board, third);
	stop(drainer);
	assert_int_equal(drainer->made_cnt, 2);
	free_drainer(drainer);
}

static void test_status_board_tells_failures(void **state)
{
	struct drainer *drainer = start(true);

	(void)state;
	assert_null(ask(drainer, 0));
	assert_int_equal(errno, ENOMEM);
	stop(drainer);
	assert_null(ask(drainer, 0));
	assert_int_equal(errno, ESHUTDOWN);
	free_drainer(drainer);
}

static void *ask_often(void *arg)
{
	struct drainer *drainer = arg;
	uintptr_t cnt = 0;

	for (int i = 0; i < 20; i++) {
		const struct status *status = ask(drainer, 1000000);

		cnt += status && status->is_complete;
		if (status)
			status_board__release(drainer->board, status);
	}
	return (void *)cnt;
}

static void test_status_board_serves_many(void **state)
{
	struct drainer *drainer = start(false);
	pthread_t threads[4];
	void *cnt;

	(void)state;
	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, ask_often, drainer), 0);
	for (int i = 0; i < 4; i++) {
		assert_int_equal(pthread_join(threads[i], &cnt), 0);
		assert_int_equal((uintptr_t)cnt, 20);
	}
	stop(drainer);
	/* four threads at once are served by one copy */
	assert_true(drainer->made_cnt < 60);
	free_drainer(drainer);
}

static void test_status_board_does_not_wait_for_ever(void **state)
{
	static const struct status_sources none = { 0 };
	struct drainer drainer = { .board = status_board__new(&none) };

	(void)state;
	assert_non_null(drainer.board);
	assert_int_equal(sem_init(&drainer.woken, 0, 0), 0);
	assert_null(status_board__ask(drainer.board, 0, 1, wake, &drainer));
	assert_int_equal(errno, ETIMEDOUT);
	status_board__free(drainer.board);
	(void)sem_destroy(&drainer.woken);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_service_totals_are_bounded),
		cmocka_unit_test(test_service_totals_without_a_service),
		cmocka_unit_test(test_snapshot_counts_by_reason),
		cmocka_unit_test(test_snapshot_reasons_have_names),
		cmocka_unit_test(test_status_board_gives_the_same_copy_while_it_is_new),
		cmocka_unit_test(test_status_board_tells_failures),
		cmocka_unit_test(test_status_board_serves_many),
		cmocka_unit_test(test_status_board_does_not_wait_for_ever),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
