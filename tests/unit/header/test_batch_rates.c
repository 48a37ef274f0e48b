/* SPDX-License-Identifier: MIT */
/* TTLOG_PROBE_EVERY and TTLOG_PROBE_LIMIT in what a program hands over: counts and totals. */
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>

#include "batch_fixture.h"

#ifdef FLUSH_TRAP_WORKS

#define TOTAL_BYTES 24u

/* What all flushes since the last clear have of one site. */
struct found {
	uint64_t events, said, last_said;
	uint64_t total; /* the newest */
};

static void take_side(struct found *found, const struct ttlog_record *record, uint32_t *site)
{
	struct ttlog_side_suppressed said;
	struct ttlog_side_total total;
	uint32_t kind;

	memcpy(&kind, record_fields(record), sizeof(kind));
	if (kind == TTLOG_SIDE_TOTAL) {
		memcpy(&total, record_fields(record), sizeof(total));
		assert_true(total.total >= found->total);
		found->total = total.total;
	} else if (kind == TTLOG_SIDE_SUPPRESSED) {
		memcpy(&said, record_fields(record), sizeof(said));
		assert_true(said.cnt > 0);
		found->said += said.cnt;
		found->last_said = said.cnt;
		*site = said.site;
	}
}

static void add_batch(struct found *found, const struct ttlog_batch *batch)
{
	uint32_t offset = 0, site = 0;

	found->last_said = 0;
	while (offset < batch_bytes(batch)) {
		const struct ttlog_record *record = record_at(batch, offset);

		if (record_site(record) == TTLOG_SIDE_SITE) {
			take_side(found, record, &site);
		} else {
			found->events++;
			/* directly before the event */
			assert_true(!site || site == record_site(record));
			site = 0;
		}
		offset += record_bytes(record);
	}
	assert_int_equal(site, 0);
}

static struct found find_all(void)
{
	struct found found = { 0 };

	ttlog__flush();
	for (uint32_t i = 0; flush_trap__get(TTLOG_OP_FLUSH, i); i++)
		add_batch(&found, assert_flush(i));
	return found;
}

/* The total before the test. */
static uint64_t total_before;

static int setup_rates(void **state)
{
	int err = setup(state);

	if (err && ttlog__is_empty(own_batch()))
		err = 0;
	total_before = ttlog__total_bytes(own_batch())
			       ? ttlog__total_of((struct ttlog_batch *)own_batch())->side.total
			       : 0;
	return err;
}

static void assert_found(uint64_t events, uint64_t said, uint64_t total)
{
	const struct found found = find_all();

	assert_int_equal(found.events, events);
	assert_int_equal(found.said, said);
	assert_int_equal(found.total - total_before, total);
}

static int evaluated;

static void test_batch_rate_of_every(void **state)
{
	(void)state;
	for (int i = 0; i < 25; i++)
		TTLOG_PROBE_EVERY(10u, every, INFO, "Every", "i", i, "evaluated", ++evaluated);
	assert_int_equal(evaluated, 3);
	assert_found(3, 18, 22);
}

/* 0 and 1 leave nothing out; n may differ from call to call. */
static void test_batch_rate_of_every_one(void **state)
{
	(void)state;
	for (int i = 0; i < 25; i++)
		TTLOG_PROBE_EVERY(i % 2, every, INFO, "Every", "i", i);
	assert_found(25, 0, 0);
}

/* Nothing is counted while the site is off, or no collector listens. */
static void test_batch_rate_without_collector(void **state)
{
	(void)state;
	for (int i = 0; i < 30; i++) {
		raise_sites(i < 10);
		raise_listening(i < 10 || i >= 20, 0);
		TTLOG_PROBE_EVERY(100u, every, WARN, "Every", "i", i);
	}
	assert_found(1, 0, 9);
}

/* Each batch begins with the total; contexts come after it. */
static void test_batch_rate_over_batches(void **state)
{
	static const unsigned char trace_id[16] = { 1 }, span_id[8] = { 2 };
	TTLOG_CONTEXT(trace_id, span_id);

	(void)state;
	for (int i = 0; i < 20000; i++)
		TTLOG_PROBE_EVERY(10u, every, INFO, "Every", "i", i);
	assert_found(2000, 1999 * 9, 2000 * 9);
	assert_true(flush_cnt(TTLOG_OP_FLUSH) > 10);
	for (uint32_t i = 2; flush_trap__get(TTLOG_OP_FLUSH, i); i++) {
		const struct ttlog_batch *batch = assert_flush(i);

		assert_int_equal(record_bytes(record_at(batch, 0)), TOTAL_BYTES);
		assert_int_equal(record_bytes(record_at(batch, TOTAL_BYTES)), 44);
		assert_true(batch->flags & TTLOG_BATCH_SIDE);
	}
}

/* What is left out between two flushes, without any event, is known. */
static void test_batch_rate_without_events(void **state)
{
	(void)state;
	for (int i = 0; i < 30; i++) {
		TTLOG_PROBE_EVERY(1000u, every, INFO, "Every", "i", i);
		if (i % 10 == 9)
			ttlog__flush();
	}
	assert_found(1, 0, 29);
}

static void test_batch_rate_immediately(void **state)
{
	(void)state;
	raise_listening(1, 1);
	for (int i = 0; i < 21; i++)
		TTLOG_PROBE_EVERY(10u, every, ERROR, "Every", "i", i);
	assert_found(3, 18, 18);
}

/* An event that fits into no batch. */
static void test_batch_rate_of_large_events(void **state)
{
	static char text[4001];

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	for (int i = 0; i < 21; i++)
		TTLOG_PROBE_EVERY(10u, every, INFO, "Every", "text", text, "more", text);
	assert_found(3, 18, 18);
}

/* ---- limits ---- */

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void test_batch_rate_of_limit(void **state)
{
	uint64_t begin_ns, calls = 0, left_out = 0;
	int seen = 0;

	(void)state;
	begin_ns = now_ns();
	for (evaluated = 0; evaluated < 10; calls++) {
		TTLOG_PROBE_LIMIT(5u, limit, INFO, "Limit", "evaluated", ++evaluated);
		/* five at once; then none for a second */
		if (evaluated != seen && seen == 5) {
			assert_true(now_ns() - begin_ns >= 1000000000u);
			left_out = calls - 5;
		}
		seen = evaluated;
	}
	assert_int_equal(evaluated, 10);
	assert_found(10, left_out, calls - 10);
}

static void test_batch_rate_of_limit_none(void **state)
{
	(void)state;
	for (int i = 0; i < 10; i++)
		TTLOG_PROBE_LIMIT(0, limit, INFO, "Limit", "i", i);
	assert_found(0, 0, 10);
}

/* ---- threads, signals, children ---- */

static void call_often(int cnt)
{
	for (int i = 0; i < cnt; i++)
		TTLOG_PROBE_EVERY(7u, often, INFO, "Often", "i", i);
}

static void *call_in_thread(void *arg)
{
	call_often(20);
	return arg;
}

/* Threads one after another use the same batch: each begins with an event. */
static void test_batch_rate_of_threads(void **state)
{
	pthread_t thread;
	uint64_t total = 0, events = 0;

	(void)state;
	for (int i = 0; i < 3; i++) {
		assert_int_equal(pthread_create(&thread, NULL, call_in_thread, NULL), 0);
		assert_int_equal(pthread_join(thread, NULL), 0);
	}
	for (uint32_t i = 0; flush_trap__get(TTLOG_OP_FLUSH, i); i++) {
		struct found found = { 0 };

		add_batch(&found, assert_flush(i));
		events += found.events;
		if (found.total > total)
			total = found.total;
	}
	assert_int_equal(events, 9);
	assert_int_equal(total, 3 * 17);
	ttlog__flush();
}

static volatile int handled;

static void handle(int number)
{
	(void)number;
	handled += 3;
	call_often(3);
}

static void test_batch_rate_of_handlers(void **state)
{
	const struct itimerval often = { { 0, 50 }, { 0, 50 } }, off = { { 0, 0 }, { 0, 0 } };
	struct sigaction action = { .sa_handler = handle };
	struct found found;
	uint64_t calls = 0;

	(void)state;
	handled = 0;
	sigaction(SIGALRM, &action, NULL);
	assert_int_equal(setitimer(ITIMER_REAL, &often, NULL), 0);
	while (handled < 600) {
		call_often(11);
		calls += 11;
		if (flush_trap.cnt > 6000)
			break;
	}
	assert_int_equal(setitimer(ITIMER_REAL, &off, NULL), 0);
	calls += (uint64_t)handled;
	found = find_all();
	assert_int_equal(found.events + found.total - total_before, calls);
	assert_in_range(found.total - total_before - found.said, 0, 6 + 3);
	assert_in_range(found.events, calls / 10, calls);
}

/* The child begins anew; its batch is zeroed. */
static void test_batch_rate_of_children(void **state)
{
	int status;
	pid_t pid;

	(void)state;
	call_often(5);
	pid = fork();
	if (pid == 0) {
		flush_trap__clear();
		call_often(9);
		ttlog__flush();
		_exit(own_batch()->events_before == 2 &&
				      ttlog__total_of((struct ttlog_batch *)own_batch())
						      ->side.total == 7
			      ? 0
			      : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_in_range(find_all().total - total_before, 4, 5);
}

/* gettid() is forbidden there. */
static uint64_t own_in_sandbox(void)
{
	return ttlog__total_of(ttlog__batch)->side.total;
}

static void call_in_sandbox(void)
{
	for (int i = 0; i < 30; i++) {
		TTLOG_PROBE_EVERY(10u, every, INFO, "Every", "i", i);
		TTLOG_PROBE_LIMIT(3u, limit, INFO, "Limit", "i", i);
	}
	ttlog__flush();
}

/* A prepared thread makes no system call, and does not read the TSC. */
static void test_batch_rate_in_a_sandbox(void **state)
{
	int status;
	pid_t pid;

	(void)state;
	pid = fork();
	if (pid == 0) {
		TTLOG_PREPARE();
		if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT))
			_exit(2);
		call_in_sandbox();
		/* _exit() makes another call, which is forbidden */
		(void)syscall(SYS_exit, own_in_sandbox() == 27 + 27 ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/* ---- the table ---- */

/* Other sites are recorded at each call; a slot is its site's for good. */
static void test_batch_rate_table_is_full(void **state)
{
	const uint32_t first = 2 * site_cnt();
	uint32_t got = 0;

	(void)state;
	call_often(1);
	for (uint32_t i = 0; i < 2 * TTLOG_RATE_SLOTS; i++)
		got += ttlog__call_of(first + 2 * i).rate != NULL;
	assert_in_range(got, TTLOG_RATE_SLOTS - 16, TTLOG_RATE_SLOTS);
	for (uint32_t i = 0; i < 2 * TTLOG_RATE_SLOTS; i++)
		got -= ttlog__call_of(first + 2 * i).rate != NULL;
	assert_int_equal(got, 0);
	assert_int_equal(ttlog__rates_of((struct ttlog_batch *)own_batch())->head.committed,
			 sizeof(struct ttlog_rate) * TTLOG_RATE_SLOTS);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(test_batch_rate_##name, setup_rates, lower_all)
	const struct CMUnitTest tests[] = {
		CASE(of_every),        CASE(of_every_one),   CASE(without_collector),
		CASE(over_batches),    CASE(without_events), CASE(immediately),
		CASE(of_large_events), CASE(of_limit),       CASE(of_limit_none),
		CASE(of_threads),      CASE(of_handlers),    CASE(of_children),
		CASE(in_a_sandbox),    CASE(table_is_full),
	};

	return cmocka_run_group_tests(tests, group_setup, NULL);
}

#else

int main(void)
{
	puts("test_batch_rates: traps the probe on x86-64 only; passed over");
	return 0;
}

#endif
