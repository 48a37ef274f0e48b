/* SPDX-License-Identifier: MIT */
/*
 * libdeny.so: takes facilities of the kernel away from the program that is started with it in
 * LD_PRELOAD. TTLOG_DENY lists them: uprobe_multi, perf (perf_event_open(2)), tracing (attaching BPF
 * programs to tracepoints), ring_buffer. What is denied fails as a kernel without it has it fail.
 * `late`: uprobe_multi works once, so that a look at the start finds it.
 * `deaf`: uprobe_multi links are made, to nothing, as hardware breakpoints are on some machines.
 * `threads`: a uprobe_multi link for one process is hit nowhere, as on 6.6 to 6.9 it is not in another
 * thread than the first; one that raises a semaphore in this process, which the first look is, stays.
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

/* The errno, or 0 where it may be. */
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

/* As the kernel lays out link_create.uprobe_multi, in words of 32 bits. */
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
