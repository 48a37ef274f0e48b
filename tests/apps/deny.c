/* SPDX-License-Identifier: MIT */
/*
 * libdeny.so, for LD_PRELOAD: takes facilities of the kernel away from a program. TTLOG_DENY lists
 * them: uprobe_multi, perf (perf_event_open(2)), tracing (attaching BPF programs to tracepoints),
 * ring_buffer. A denied call fails as on a kernel without that facility.
 * `late`: uprobe_multi works once, so that the check at the start finds it.
 * `deaf`: uprobe_multi links are made, but never hit, like hardware breakpoints on some machines.
 * `threads`: a uprobe_multi link for one process is never hit: on 6.6 to 6.9 only its first thread
 * hits it. A link that raises a semaphore in this process works: the check at the start is one.
 */
#include <dlfcn.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#define ATTACH_TYPE_UPROBE_MULTI 48 /* include/uapi/linux/bpf.h of 6.6 */

static unsigned int multi_cnt;

static bool is_denied(const char *what)
{
	const char *list = getenv("TTLOG_DENY");

	return list && strstr(list, what);
}

static bool is_multi(long number, long command, const uint32_t *attributes)
{
	return number == SYS_bpf && command == BPF_LINK_CREATE &&
	       attributes[2] == ATTACH_TYPE_UPROBE_MULTI;
}

/* The errno to fail with; 0: the call is allowed. */
static int refuse(long number, long command, const uint32_t *attributes)
{
	if (number == SYS_perf_event_open)
		return is_denied("perf") ? ENOENT : 0;
	if (number != SYS_bpf)
		return 0;
	if (is_multi(number, command, attributes))
		return is_denied("uprobe_multi") || (is_denied("late") && multi_cnt++) ? EINVAL : 0;
	if (command == BPF_RAW_TRACEPOINT_OPEN ||
	    (command == BPF_LINK_CREATE && attributes[2] == BPF_TRACE_RAW_TP))
		return is_denied("tracing") ? EOPNOTSUPP : 0;
	if (command == BPF_MAP_CREATE && attributes[0] == BPF_MAP_TYPE_RINGBUF)
		return is_denied("ring_buffer") ? EINVAL : 0;
	return 0;
}

/* attributes: link_create.uprobe_multi as the kernel lays it out, in words of 32 bits. */
static void lead_astray(uint32_t *attributes)
{
	uint32_t *pid = &attributes[14];
	bool has_semaphore = attributes[8] || attributes[9];

	if (*pid && !(has_semaphore && *pid == (uint32_t)getpid()))
		*pid = (uint32_t)getppid();
}

long syscall(long number, ...)
{
	long (*next)(long number, ...) =
		(long (*)(long, ...))(uintptr_t)dlsym(RTLD_NEXT, "syscall");
	long arguments[6];
	va_list list;
	int err;

	va_start(list, number);
	for (int i = 0; i < 6; i++)
		arguments[i] = va_arg(list, long);
	va_end(list);
	err = refuse(number, arguments[0], (const uint32_t *)arguments[1]);
	if (err) {
		errno = err;
		return -1;
	}
	if (is_multi(number, arguments[0], (const uint32_t *)arguments[1]) && is_denied("deaf"))
		return eventfd(0, EFD_CLOEXEC);
	if (is_multi(number, arguments[0], (const uint32_t *)arguments[1]) && is_denied("threads"))
		lead_astray((uint32_t *)arguments[1]);
	return next(number, arguments[0], arguments[1], arguments[2], arguments[3], arguments[4],
		    arguments[5]);
}
