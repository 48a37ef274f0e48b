/* SPDX-License-Identifier: MIT */
/*
 * These threads are rarely busy, and never for long, but if they run late, events are lost. A nice
 * value is not enough: a thousand threads that log would still take their time. The kernel keeps 5%
 * of the time for threads that are not real-time (sched_rt_runtime_us).
 */
#include "rt_priority.h"

#include <pthread.h>
#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

void rt_priority__set(enum rt_priority priority)
{
	const struct sched_param low = { .sched_priority = (int)priority };

	if (pthread_setschedparam(pthread_self(), SCHED_RR, &low))
		(void)setpriority(PRIO_PROCESS, gettid(), -20);
}
