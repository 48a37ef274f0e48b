/* SPDX-License-Identifier: MIT */
/*
 * These threads are rarely busy, and never for long, but if they run late, events are lost. A nice
 * value is not enough: a thousand threads that log would still take their time. The kernel keeps 5%
 * of the time for threads that are not real-time (sched_rt_runtime_us).
 */
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include "broker.h"
#include "broker_server.h"
#include "thread_priority.h"

static int set(pid_t tid, int priority)
{
	const struct sched_param low = { .sched_priority = priority };

	if (!sched_setscheduler(tid, SCHED_RR, &low) || !setpriority(PRIO_PROCESS, (id_t)tid, -20))
		return 0;
	return -errno;
}

static bool is_thread_of(pid_t pid, pid_t tid)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/%d/task/%d", (int)pid, (int)tid);
	return !access(path, F_OK);
}

int thread_priority__serve(const struct broker_task *task, struct broker_result *ret)
{
	const pid_t tid = (pid_t)task->request->args[0];
	const int priority = (int)task->request->args[1];
	int err;

	(void)ret;
	if (priority < THREAD_PRIORITY_HELPER || priority > THREAD_PRIORITY_DRAIN ||
	    !is_thread_of(task->peer->policy->client, tid))
		return -EPERM;
	err = set(tid, priority);
	return err ? err : set(gettid(), priority);
}

void thread_priority__set_server(enum thread_priority priority)
{
	(void)set(gettid(), priority);
}

void thread_priority__set(enum thread_priority priority)
{
	struct broker_call call = {
		.request = { .op = BROKER_SET_PRIORITY, .args = { (uint64_t)gettid(), priority } },
	};

	(void)broker__call(&call);
}
