/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "wire.h"
#include "start_time.h"
#include "kernel.h"
#include "tree.h"

static bool lives(const struct kernel *kernel, pid_t pid)
{
	struct wire_process process;

	if (kernel__read_process(kernel, pid, 0, &process) || process.exits)
		return false;
	if (process.start_ns)
		return start_time__is(pid, process.start_ns);
	return kill(pid, 0) == 0 || errno != ESRCH;
}

static size_t count_living(const struct kernel *kernel, size_t max)
{
	size_t cnt = 0;
	pid_t pid = 0;

	while (cnt < max && kernel__next_process(kernel, &pid))
		cnt += lives(kernel, pid);
	return cnt;
}

size_t tree__living(const struct kernel *kernel, size_t max)
{
	uint64_t before;
	size_t cnt;

	/* a child may begin at a place that was already passed, while its parent ends */
	do {
		before = kernel__tracked_cnt(kernel);
		cnt = count_living(kernel, max);
	} while (!cnt && before != kernel__tracked_cnt(kernel));
	return cnt;
}
