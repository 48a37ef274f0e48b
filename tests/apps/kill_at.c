/* SPDX-License-Identifier: MIT */
/*
 * A library for LD_PRELOAD: kills the process and its parent at its Nth call of ptrace(2), before the
 * call. N is in $KILL_AT, which its children don't get. So a test kills the collector, and with it
 * its broker, at each step of a launch.
 */
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

static long left;

__attribute__((constructor)) static void begin(void)
{
	const char *at = getenv("KILL_AT");

	left = at ? atol(at) : 0;
	unsetenv("KILL_AT");
	unsetenv("LD_PRELOAD");
}

/* As in <sys/ptrace.h>, but with four fixed arguments, which all callers give. */
long ptrace(int request, long pid, long address, long data);

long ptrace(int request, long pid, long address, long data)
{
	if (left && !--left) {
		(void)kill(getppid(), SIGKILL);
		raise(SIGKILL);
	}
	return syscall(SYS_ptrace, request, pid, address, data);
}
