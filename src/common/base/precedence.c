/* SPDX-License-Identifier: MIT */
/*
 * These threads are rarely and shortly busy, but when they are late events are lost: a thousand
 * threads that log must not crowd them out, which a nice value alone lets them. The kernel leaves
 * others 5% of the time whatever they do (sched_rt_runtime_us). Without CAP_SYS_NICE it is as good
 * as it gets.
 */
#include "precedence.h"

#include <pthread.h>
#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

void precedence__take(enum precedence precedence)
{
	const struct sched_param low = { .sched_priority = (int)precedence };

	if (pthread_setschedparam(pthread_self(), SCHED_RR, &low))
		(void)setpriority(PRIO_PROCESS, gettid(), -20);
}
