/* SPDX-License-Identifier: MIT */
/*
 * A program to record: a child of the test, which logs on command. Its marks are in the test's own
 * file. And a kernel side to record it, if the test has the right to load one.
 */
#ifndef TTLOG_TESTS_MARKED_CHILD_H
#define TTLOG_TESTS_MARKED_CHILD_H

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#define TTLOG_SERVICE "marked"
#include "ttlog/ttlog.h"

#include "kernel.h"

#define MARKED_SITES         2u /* `step`, INFO, with a field n, and `rare`, ERROR */
#define MARKED_BATCHES_BYTES ((size_t)1 << 20)

struct marked_child {
	pid_t pid;
	int to, from;
};

/* It reads numbers. For each it logs `step` so many times, and answers how many were recorded. */
static inline void marked_child__run(int from, int to)
{
	uint64_t wanted, n = 0;

	while (read(from, &wanted, sizeof(wanted)) == sizeof(wanted)) {
		const uint64_t before = n;
		uint64_t recorded;

		/* n counts the recorded events: the fields of the others are not evaluated */
		for (uint64_t i = 0; i < wanted; i++)
			TTLOG_PROBE(step, INFO, "A step", "n", n++);
		if (wanted == UINT64_MAX)
			TTLOG_PROBE(rare, ERROR, "Never");
		recorded = n - before;
		if (write(to, &recorded, sizeof(recorded)) != sizeof(recorded))
			break;
	}
	_exit(0);
}

static inline struct marked_child marked_child__start(void)
{
	/* cmocka has a handler, which the child must not inherit */
	void (*const handler)(int) = signal(SIGSEGV, SIG_DFL);
	const pid_t parent = getpid();
	struct marked_child child;
	int to[2], from[2];

	assert_int_equal(pipe(to), 0);
	assert_int_equal(pipe(from), 0);
	child.pid = fork();
	assert_true(child.pid >= 0);
	if (!child.pid) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		(void)close(to[1]);
		(void)close(from[0]);
		if (getppid() == parent)
			marked_child__run(to[0], from[1]);
		_exit(1);
	}
	(void)signal(SIGSEGV, handler);
	(void)close(to[0]);
	(void)close(from[1]);
	child.to = to[1];
	child.from = from[0];
	return child;
}

/* Returns how many of them were recorded. */
static inline uint64_t marked_child__log(const struct marked_child *child, uint64_t cnt)
{
	uint64_t recorded = UINT64_MAX;

	assert_int_equal(write(child->to, &cnt, sizeof(cnt)), sizeof(cnt));
	assert_int_equal(read(child->from, &recorded, sizeof(recorded)), sizeof(recorded));
	return recorded;
}

/* Ends the child by the signal; 0: it exits by itself. Returns its status, as of wait(2). */
static inline int marked_child__end(struct marked_child *child, int signal)
{
	int status = -1;

	if (signal)
		assert_int_equal(kill(child->pid, signal), 0);
	(void)close(child->to);
	assert_int_equal(waitpid(child->pid, &status, 0), child->pid);
	(void)close(child->from);
	return status;
}

/* Skips the test if it has no right to load BPF programs. */
static inline struct kernel *marked_child__open_kernel(bool follow_children)
{
	const struct kernel_options options = {
		.batches_bytes = MARKED_BATCHES_BYTES,
		.follow_children = follow_children,
	};
	struct kernel *kernel = kernel__new(&options);

	if (!kernel && (errno == EPERM || errno == EACCES)) {
		print_message("needs the right to load BPF programs\n");
		skip();
	}
	assert_non_null(kernel);
	if (kernel__can_enable(kernel)) {
		kernel__free(kernel);
		print_message("needs uprobes that raise semaphores\n");
		skip();
	}
	return kernel;
}

#endif /* TTLOG_TESTS_MARKED_CHILD_H */
