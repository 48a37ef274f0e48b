/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "proc_file.h"
#include "start_time.h"

#define USER_TICK_NS 10000000u /* USER_HZ is 100 on every machine today */

/* Field 22 of /proc/PID/stat. The name before it may contain anything, even ")". */
uint64_t start_time__read_ns(pid_t pid)
{
	unsigned long long ticks = 0;
	char text[2048];
	const char *at;

	(void)proc_file__read(text, sizeof(text), "%d/stat", (int)pid);
	at = strrchr(text, ')');
	if (!at ||
	    sscanf(at + 1,
		   " %*c %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %llu",
		   &ticks) != 1)
		return 0;
	return ticks * USER_TICK_NS;
}

uint64_t start_time__ticks(uint64_t start_ns)
{
	return start_ns / USER_TICK_NS;
}

bool start_time__is_same(uint64_t a_ns, uint64_t b_ns)
{
	return start_time__ticks(a_ns) == start_time__ticks(b_ns);
}

bool start_time__is(pid_t pid, uint64_t start_ns)
{
	uint64_t now_ns = start_time__read_ns(pid);

	return now_ns && start_time__is_same(now_ns, start_ns);
}
