/* SPDX-License-Identifier: MIT */
/*
 * The kernel side alone, with the real programs loaded: which processes it follows, and what it
 * reports of their ends. The tests of other rooms show what it copies of batches.
 */
#include <stdlib.h>

#include "marked_child.h"

#include "wire.h"
#include "wire_ring.h"

#define DEADLINE_NS 300000000000ull

/* What the ring `deaths` reported for one process. */
struct told {
	uint32_t pid;
	uint32_t kinds; /* bits, 1 << enum wire_kind */
	struct wire_crash crash;
	struct wire_exit exit;
};

static int take_told(void *ctx, void *message, size_t bytes)
{
	const struct wire_head *head = message;
	struct told *told = ctx;

	if (head->tgid != told->pid)
		return 0;
	told->kinds |= 1u << head->kind;
	if (head->kind == WIRE_CRASH) {
		assert_true(bytes >= sizeof(told->crash));
		memcpy(&told->crash, message, sizeof(told->crash));
	}
	if (head->kind == WIRE_EXIT) {
		assert_true(bytes >= sizeof(told->exit));
		memcpy(&told->exit, message, sizeof(told->exit));
	}
	return 0;
}

/* Tracks a process, ends it and waits for it: then all messages are in the ring. */
static void end_tracked(struct kernel *kernel, int signal, struct told *ret)
{
	struct marked_child child = marked_child__start();
	struct kernel_rings rings;

	*ret = (struct told){ .pid = (uint32_t)child.pid };
	assert_int_equal(kernel__track(kernel, child.pid), 0);
	(void)marked_child__end(&child, signal);
	kernel__open_rings(kernel, &rings);
	assert_true(wire_ring__take(rings.lifecycle, take_told, ret, DEADLINE_NS));
}

static void test_kernel_tracks_until_it_is_told_otherwise(void **state)
{
	struct kernel *kernel = marked_child__open_kernel(false);
	struct marked_child child = marked_child__start();
	struct wire_process process;
	size_t cnt;
	pid_t *pids;

	(void)state;
	assert_int_equal(kernel__read_process(kernel, child.pid, 0, &process), -ENOENT);
	assert_int_equal(kernel__track(kernel, child.pid), 0);
	assert_int_equal(kernel__track(kernel, child.pid), 0);
	assert_int_equal(kernel__read_process(kernel, child.pid, 0, &process), 0);
	pids = kernel__list_processes(kernel, &cnt);
	assert_int_equal(cnt, 1);
	assert_int_equal(pids[0], child.pid);
	free(pids);
	kernel__untrack(kernel, child.pid, 0);
	assert_int_equal(kernel__read_process(kernel, child.pid, 0, &process), -ENOENT);
	(void)marked_child__end(&child, 0);
	kernel__free(kernel);
}

static void test_kernel_follows_children_where_it_is_asked_to(void **state)
{
	(void)state;
	for (int follows = 0; follows < 2; follows++) {
		struct kernel *kernel = marked_child__open_kernel(follows);
		struct marked_child child;
		struct wire_process process;

		assert_int_equal(kernel__track(kernel, getpid()), 0);
		child = marked_child__start();
		assert_int_equal(kernel__read_process(kernel, child.pid, 0, &process),
				 follows ? 0 : -ENOENT);
		(void)marked_child__end(&child, 0);
		kernel__free(kernel);
	}
}

/* A process number is used again: the process with the given start time is meant. */
static void test_kernel_tells_processes_of_one_number_apart(void **state)
{
	struct kernel *kernel = marked_child__open_kernel(true);
	struct marked_child child;
	struct wire_process process;

	(void)state;
	assert_int_equal(kernel__track(kernel, getpid()), 0);
	child = marked_child__start();
	assert_int_equal(kernel__read_process(kernel, child.pid, 0, &process), 0);
	assert_true(process.start_ns);
	assert_int_equal(kernel__read_process(kernel, child.pid, process.start_ns + 1, &process),
			 -ESRCH);
	kernel__untrack(kernel, child.pid, process.start_ns + 1);
	assert_int_equal(kernel__read_process(kernel, child.pid, process.start_ns, &process), 0);
	kernel__untrack(kernel, child.pid, process.start_ns);
	assert_int_equal(kernel__read_process(kernel, child.pid, 0, &process), -ENOENT);
	(void)marked_child__end(&child, 0);
	kernel__free(kernel);
}

static void test_kernel_has_room_for_so_many_batches_of_a_thread(void **state)
{
	struct kernel *kernel = marked_child__open_kernel(false);
	const pid_t pid = getpid();

	(void)state;
	for (uint64_t i = 1; i <= WIRE_MAX_MODULES; i++)
		assert_int_equal(kernel__register_batch(kernel, pid, pid, i << 12, 1), 0);
	assert_int_equal(kernel__register_batch(kernel, pid, pid, 1 << 12, 2), 0);
	assert_int_equal(kernel__register_batch(kernel, pid, pid, (WIRE_MAX_MODULES + 1) << 12, 1),
			 -ENOSPC);
	assert_int_equal(kernel__register_batch(kernel, pid, pid + 1, 1 << 12, 1), 0);
	kernel__free(kernel);
}

static void test_kernel_tells_of_a_crash_and_who_sent_it(void **state)
{
	struct kernel *kernel = marked_child__open_kernel(false);
	struct told told;

	(void)state;
	end_tracked(kernel, SIGSEGV, &told);
	assert_true(told.kinds & 1u << WIRE_CRASH);
	assert_int_equal(told.crash.signal, SIGSEGV);
	assert_int_equal(told.crash.sender.pid, getpid());
	assert_true(told.kinds & 1u << WIRE_EXIT);
	assert_int_equal(WTERMSIG(told.exit.end.status), SIGSEGV);
	kernel__free(kernel);
}

static void test_kernel_tells_of_an_exit(void **state)
{
	struct kernel *kernel = marked_child__open_kernel(false);
	struct told told;

	(void)state;
	end_tracked(kernel, 0, &told);
	assert_false(told.kinds & 1u << WIRE_CRASH);
	assert_true(told.kinds & 1u << WIRE_EXIT);
	assert_int_equal(told.exit.end.status, 0);
	kernel__free(kernel);
}

/* A process that is not recorded sends no message, not even when it crashes. */
static void test_kernel_tells_of_nobody_else(void **state)
{
	struct kernel *kernel = marked_child__open_kernel(false);
	struct marked_child child = marked_child__start();
	struct told told = { .pid = (uint32_t)child.pid };
	struct kernel_rings rings;

	(void)state;
	(void)marked_child__end(&child, SIGSEGV);
	kernel__open_rings(kernel, &rings);
	assert_true(wire_ring__take(rings.lifecycle, take_told, &told, DEADLINE_NS));
	assert_int_equal(told.kinds, 0);
	kernel__free(kernel);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kernel_tracks_until_it_is_told_otherwise),
		cmocka_unit_test(test_kernel_follows_children_where_it_is_asked_to),
		cmocka_unit_test(test_kernel_tells_processes_of_one_number_apart),
		cmocka_unit_test(test_kernel_has_room_for_so_many_batches_of_a_thread),
		cmocka_unit_test(test_kernel_tells_of_a_crash_and_who_sent_it),
		cmocka_unit_test(test_kernel_tells_of_an_exit),
		cmocka_unit_test(test_kernel_tells_of_nobody_else),
	};

	return cmocka_run_group_tests_name("kernel", tests, NULL, NULL);
}
