/* SPDX-License-Identifier: MIT */
/*
 * One uprobe_multi link for all places of a file takes some 15 ms for 10,000 (kernel 6.6 up).
 * libbpf 1.1 has no function for that, nor for a perf event with reference counters and cookies. So
 * both use system calls.
 *
 * A semaphore that is none, or a uprobe in the middle of an instruction, would harm the program. So
 * the broker looks at the bytes: each semaphore is 0 in the file, and its place has an instruction
 * that ttlog's macros, or those of <sys/sdt.h>, put there. A place without a semaphore is the first
 * instruction of a program or of a function, or one that leaves it, which may be any: it is not
 * looked at.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "broker.h"
#include "broker_server.h"
#include "probe_links.h"

/* More than one file can have. */
#define MAX_PLACES (1u << 20)

/* union bpf_attr's link_create as of 6.6, uprobe_multi part. */
struct multi_attr {
	uint32_t prog_fd, target_fd, attach_type, flags;
	uint64_t path, offsets, ref_ctr_offsets, cookies;
	uint32_t cnt, multi_flags, pid, reserved;
};

struct own_path {
	char text[32];
};

static struct own_path path_of(int fd)
{
	struct own_path path;

	(void)snprintf(path.text, sizeof(path.text), "/proc/self/fd/%d", fd);
	return path;
}

/* ---- the kernel ---- */

static int link_all(int program, const struct kernel_places *places, uint64_t cookie, pid_t pid)
{
	const struct own_path path = path_of(places->fd);
	struct multi_attr attr = {
		.prog_fd = (uint32_t)program,
		.attach_type = ATTACH_TYPE_UPROBE_MULTI,
		.path = (uintptr_t)path.text,
		.offsets = (uintptr_t)places->offsets,
		.ref_ctr_offsets = (uintptr_t)places->semaphores,
		.cnt = (uint32_t)places->cnt,
		.pid = (uint32_t)pid,
	};
	uint64_t *cookies = malloc(places->cnt * sizeof(*cookies));
	int fd, err;

	if (!cookies)
		return -ENOMEM;
	for (size_t i = 0; i < places->cnt; i++)
		cookies[i] = places->cookies ? places->cookies[i] : cookie;
	attr.cookies = (uintptr_t)cookies;
	fd = (int)syscall(SYS_bpf, BPF_LINK_CREATE, &attr, sizeof(attr));
	err = errno;
	free(cookies);
	return fd < 0 ? -err : fd;
}

/*
 * Returns the link's descriptor, which keeps the event: closing it ends both. The thread `pid`
 * stands for its whole process: the kernel looks at its memory.
 */
static int link_one(int program, int type, const struct kernel_places *places, uint64_t cookie,
		    pid_t pid)
{
	const struct own_path path = path_of(places->fd);
	struct perf_event_attr attr = {
		.type = (uint32_t)type,
		.size = sizeof(attr),
		.config = places->semaphores ? (uint64_t)places->semaphores[0] << 32 : 0,
		.config1 = (uintptr_t)path.text,
		.config2 = places->offsets[0],
	};
	LIBBPF_OPTS(bpf_link_create_opts, opts, .perf_event.bpf_cookie = cookie);
	int event, link;

	event = (int)syscall(SYS_perf_event_open, &attr, pid ? pid : -1, pid ? -1 : 0, -1,
			     PERF_FLAG_FD_CLOEXEC);
	if (event < 0)
		return -errno;
	link = bpf_link_create(program, event, BPF_PERF_EVENT, &opts);
	(void)close(event);
	return link;
}

static int open_cpu(int cpu, uint32_t buffer_bytes)
{
	struct perf_event_attr attr = {
		.size = sizeof(attr),
		.type = PERF_TYPE_SOFTWARE,
		.config = PERF_COUNT_SW_DUMMY,
		.mmap = 1,
		.mmap2 = 1,
		.watermark = 1,
		.wakeup_watermark = buffer_bytes,
		.exclude_kernel = 1,
		.exclude_hv = 1,
	};
	int fd = (int)syscall(SYS_perf_event_open, &attr, -1, cpu, -1, PERF_FLAG_FD_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/* ---- what the broker checks ---- */

static bool is_program(const struct broker_policy *policy, int program)
{
	for (size_t i = 0; i < policy->program_cnt; i++) {
		if (policy->programs[i] == program)
			return true;
	}
	return !policy->is_strict;
}

/* A nop, or ud2. */
static bool is_place(int fd, unsigned long offset)
{
#if defined(__x86_64__)
	static const unsigned char firsts[] = { 0x90, 0x0f };
	unsigned char code;

	return pread(fd, &code, sizeof(code), (off_t)offset) == sizeof(code) &&
	       memchr(firsts, code, sizeof(firsts));
#else
	uint32_t code;

	return !(offset % sizeof(code)) &&
	       pread(fd, &code, sizeof(code), (off_t)offset) == sizeof(code);
#endif
}

static bool is_semaphore(int fd, unsigned long offset)
{
	uint16_t value;

	return !(offset % sizeof(value)) &&
	       pread(fd, &value, sizeof(value), (off_t)offset) == sizeof(value) && !value;
}

static bool may_link(const struct broker_policy *policy, const struct kernel_places *places)
{
	if (!policy->is_strict || !places->semaphores)
		return true;
	for (size_t i = 0; i < places->cnt; i++) {
		if (!places->semaphores[i])
			continue;
		if (!is_place(places->fd, places->offsets[i]) ||
		    !is_semaphore(places->fd, places->semaphores[i]))
			return false;
	}
	return true;
}

/* ---- the broker's side ---- */

/* What comes after the offsets. */
enum {
	HAS_SEMAPHORES = 1,
	HAS_COOKIES = 2,
};

/* fds: the file, then a memory with the offsets, and after them semaphores and cookies. args: the
 * program, how many, what there is of these, the cookie. */
int probe_links__serve_all(const struct broker_task *task, struct broker_result *ret)
{
	const struct broker_request *request = task->request;
	const bool has_semaphores = request->args[2] & HAS_SEMAPHORES;
	const bool has_cookies = request->args[2] & HAS_COOKIES;
	const size_t cnt = request->args[1], words = cnt * (1 + has_semaphores + has_cookies);
	const int program = (int)request->args[0];
	unsigned long *offsets;
	struct kernel_places places;
	int err = 0;

	if (task->fd_cnt != 2 || !cnt || cnt > MAX_PLACES ||
	    !is_program(task->peer->policy, program))
		return -EINVAL;
	offsets = malloc(words * sizeof(*offsets));
	if (!offsets)
		return -ENOMEM;
	places = (struct kernel_places){
		.fd = task->fds[0],
		.offsets = offsets,
		.semaphores = has_semaphores ? offsets + cnt : NULL,
		.cookies = has_cookies ? offsets + (1 + has_semaphores) * cnt : NULL,
		.cnt = cnt,
	};
	if (pread(task->fds[1], offsets, words * sizeof(*offsets), 0) !=
	    (ssize_t)(words * sizeof(*offsets)))
		err = -EINVAL;
	else if (!may_link(task->peer->policy, &places))
		err = -EPERM;
	else
		ret->fd = link_all(program, &places, request->args[3], request->pid);
	free(offsets);
	return err ? err : ret->fd < 0 ? ret->fd : 0;
}

struct one_place {
	uint64_t offset, semaphore; /* 0: none */
	uint64_t cookie;
	int32_t program, type;
};

int probe_links__serve_one(const struct broker_task *task, struct broker_result *ret)
{
	struct one_place one;
	unsigned long offset, semaphore;
	struct kernel_places places = { .offsets = &offset, .cnt = 1 };

	if (task->fd_cnt != 1 || task->bytes != sizeof(one))
		return -EINVAL;
	memcpy(&one, task->payload, sizeof(one));
	if (!is_program(task->peer->policy, one.program))
		return -EINVAL;
	offset = one.offset;
	semaphore = one.semaphore;
	places.fd = task->fds[0];
	places.semaphores = semaphore ? &semaphore : NULL;
	if (!may_link(task->peer->policy, &places))
		return -EPERM;
	ret->fd = link_one(one.program, one.type, &places, one.cookie, task->request->pid);
	return ret->fd < 0 ? ret->fd : 0;
}

int probe_links__serve_cpu(const struct broker_task *task, struct broker_result *ret)
{
	ret->fd = open_cpu((int)task->request->args[0], (uint32_t)task->request->args[1]);
	return ret->fd < 0 ? ret->fd : 0;
}

/* ---- the recorder's side ---- */

/* A memory with all offsets, or -errno. */
static int put_places(const struct kernel_places *places)
{
	const size_t bytes = places->cnt * sizeof(*places->offsets);
	const int memory = memfd_create("ttlog-places", MFD_CLOEXEC);

	if (memory < 0)
		return -errno;
	if (write(memory, places->offsets, bytes) == (ssize_t)bytes &&
	    (!places->semaphores || write(memory, places->semaphores, bytes) == (ssize_t)bytes) &&
	    (!places->cookies || write(memory, places->cookies, bytes) == (ssize_t)bytes))
		return memory;
	(void)close(memory);
	return -ENOMEM;
}

int probe_links__link_all(int program, const struct kernel_places *places, uint64_t cookie,
			  pid_t pid)
{
	const int memory = put_places(places);
	struct broker_call call = {
		.request = { .op = BROKER_LINK_ALL,
			     .pid = pid,
			     .args = { (uint64_t)program, places->cnt,
				       (places->semaphores ? HAS_SEMAPHORES : 0u) |
					       (places->cookies ? HAS_COOKIES : 0u),
				       cookie } },
		.fds = { places->fd, memory },
		.fd_cnt = 2,
	};
	int err;

	if (memory < 0)
		return memory;
	err = broker__call(&call);
	(void)close(memory);
	return err ? err : call.ret_fd;
}

int probe_links__link_one(int program, int type, const struct kernel_places *places, size_t i,
			  uint64_t cookie, pid_t pid)
{
	const struct one_place one = {
		.offset = places->offsets[i],
		.semaphore = places->semaphores ? places->semaphores[i] : 0,
		.cookie = places->cookies ? places->cookies[i] : cookie,
		.program = program,
		.type = type,
	};
	struct broker_call call = {
		.request = { .op = BROKER_LINK_ONE, .pid = pid },
		.payload = &one,
		.payload_bytes = sizeof(one),
		.fds = { places->fd },
		.fd_cnt = 1,
	};
	int err = broker__call(&call);

	return err ? err : call.ret_fd;
}

int probe_links__open_cpu(int cpu, uint32_t buffer_bytes)
{
	struct broker_call call = {
		.request = { .op = BROKER_OPEN_CPU, .args = { (uint64_t)cpu, buffer_bytes } },
	};
	int err = broker__call(&call);

	return err ? err : call.ret_fd;
}
