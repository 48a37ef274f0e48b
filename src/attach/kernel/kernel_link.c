/* SPDX-License-Identifier: MIT */
/*
 * One uprobe_multi link for all places of a file takes some 15 ms for 10,000 (kernel 6.6 up).
 * libbpf 1.1 has no function for that, nor for a perf event with reference counters and cookies. So
 * both use system calls.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <linux/perf_event.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "kernel_link.h"

/* Descriptors for all uses except perf events. */
#define OTHER_DESCRIPTORS 4096

struct kernel_link {
	bool multi; /* one descriptor for all places; its offset is 0 */
	size_t cnt;
	struct {
		unsigned long offset;
		int fd; /* -1: another link has it */
	} items[];
};

/* All perf events ever made; each has a descriptor; atomic. */
static size_t made_cnt;

/* union bpf_attr's link_create as of 6.6, uprobe_multi part. */
struct multi_attr {
	uint32_t prog_fd, target_fd, attach_type, flags;
	uint64_t path, offsets, ref_ctr_offsets, cookies;
	uint32_t cnt, multi_flags, pid, reserved;
};

static int link_multi(int prog_fd, const struct kernel_places *places, uint64_t cookie, pid_t pid)
{
	struct multi_attr attr = {
		.prog_fd = prog_fd,
		.attach_type = ATTACH_TYPE_UPROBE_MULTI,
		.path = (uintptr_t)places->path,
		.offsets = (uintptr_t)places->offsets,
		.ref_ctr_offsets = (uintptr_t)places->semaphores,
		.cnt = places->cnt,
		.pid = pid,
	};
	uint64_t *cookies = malloc(places->cnt * sizeof(*cookies));
	int fd, err;

	if (!cookies)
		return -ENOMEM;
	for (size_t i = 0; i < places->cnt; i++)
		cookies[i] = cookie;
	attr.cookies = (uintptr_t)cookies;
	fd = syscall(SYS_bpf, BPF_LINK_CREATE, &attr, sizeof(attr));
	err = errno;
	free(cookies);
	return fd < 0 ? -err : fd;
}

struct kernel_link *kernel_link__multi(int prog_fd, const struct kernel_places *places,
				       uint64_t cookie, pid_t pid)
{
	struct kernel_link *link = calloc(1, sizeof(*link) + sizeof(link->items[0]));
	int fd;

	if (!link)
		return NULL;
	fd = link_multi(prog_fd, places, cookie, pid);
	if (fd < 0) {
		free(link);
		errno = -fd;
		return NULL;
	}
	link->multi = true;
	link->cnt = 1;
	link->items[0].fd = fd;
	return link;
}

int kernel_link__event_type(const char *kind)
{
	int type = -ENOENT;
	char path[64];
	FILE *file;

	(void)snprintf(path, sizeof(path), "/sys/bus/event_source/devices/%s/type", kind);
	file = fopen(path, "re");
	if (!file)
		return -errno;
	if (fscanf(file, "%d", &type) != 1)
		type = -EINVAL;
	(void)fclose(file);
	return type;
}

/*
 * Returns the link's descriptor, which keeps the event: closing it ends both. The thread `pid`
 * stands for its whole process: the kernel looks at its memory.
 */
static int link_event(int prog_fd, int type, const struct kernel_places *places, size_t i,
		      uint64_t cookie, pid_t pid)
{
	struct perf_event_attr attr = {
		.type = type,
		.size = sizeof(attr),
		.config = places->semaphores ? (uint64_t)places->semaphores[i] << 32 : 0,
		.config1 = (uintptr_t)places->path,
		.config2 = places->offsets[i],
	};
	LIBBPF_OPTS(bpf_link_create_opts, opts, .perf_event.bpf_cookie = cookie);
	int event, link;

	event = syscall(SYS_perf_event_open, &attr, pid ? pid : -1, pid ? -1 : 0, -1,
			PERF_FLAG_FD_CLOEXEC);
	if (event < 0)
		return -errno;
	link = bpf_link_create(prog_fd, event, BPF_PERF_EVENT, &opts);
	(void)close(event);
	return link;
}

/* Raises the limit of descriptors as far as allowed; opens beyond it fail with EMFILE. */
static void make_room(size_t event_cnt)
{
	struct rlimit files, wanted;

	if (getrlimit(RLIMIT_NOFILE, &files) || files.rlim_cur >= event_cnt + OTHER_DESCRIPTORS)
		return;
	wanted.rlim_cur = event_cnt + OTHER_DESCRIPTORS;
	wanted.rlim_max = wanted.rlim_cur > files.rlim_max ? wanted.rlim_cur : files.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &wanted) == 0)
		return;
	/* without CAP_SYS_RESOURCE, or above fs.nr_open */
	files.rlim_cur = files.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &files);
}

static bool has(const struct kernel_have *have, unsigned long offset)
{
	for (size_t i = 0; have && i < have->cnt; i++) {
		if (have->offsets[i] == offset)
			return true;
	}
	return false;
}

/* 0 or -errno. */
static int add_event(struct kernel_link *link, int prog_fd, int type,
		     const struct kernel_places *places, size_t i, uint64_t cookie, pid_t pid,
		     const struct kernel_have *have)
{
	int fd = -1;

	if (!has(have, places->offsets[i])) {
		fd = link_event(prog_fd, type, places, i, cookie, pid);
		if (fd < 0)
			return fd;
	}
	link->items[link->cnt].offset = places->offsets[i];
	link->items[link->cnt++].fd = fd;
	return 0;
}

struct kernel_link *kernel_link__events(int prog_fd, const struct kernel_places *places,
					uint64_t cookie, pid_t pid, const struct kernel_have *have)
{
	struct kernel_link *link = calloc(1, sizeof(*link) + places->cnt * sizeof(link->items[0]));
	int type = kernel_link__event_type("uprobe");
	int err = type < 0 ? type : 0;

	if (!link)
		return NULL;
	make_room(__atomic_add_fetch(&made_cnt, places->cnt, __ATOMIC_RELAXED));
	for (size_t i = 0; !err && i < places->cnt; i++)
		err = add_event(link, prog_fd, type, places, i, cookie, pid, have);
	if (err) {
		kernel_link__free(link);
		errno = -err;
		return NULL;
	}
	return link;
}

int kernel_link__list(const struct kernel_link *link, struct kernel_have *ret)
{
	*ret = (struct kernel_have){ 0 };
	if (link->multi)
		return 0;
	ret->offsets = calloc(link->cnt + 1, sizeof(*ret->offsets));
	if (!ret->offsets)
		return -ENOMEM;
	for (size_t i = 0; i < link->cnt; i++)
		ret->offsets[ret->cnt++] = link->items[i].offset;
	return 0;
}

/* Both are in the order of the site table, so mostly each is found at once. */
bool kernel_link__take(struct kernel_link *link, struct kernel_link *from)
{
	bool whole = true;
	size_t at = 0;

	for (size_t i = 0; i < link->cnt; i++) {
		size_t left = from->cnt;

		if (link->items[i].fd >= 0)
			continue;
		for (; left && from->items[at].offset != link->items[i].offset; left--)
			at = at + 1 < from->cnt ? at + 1 : 0;
		if (left) {
			link->items[i].fd = from->items[at].fd;
			from->items[at].fd = -1;
		}
		whole &= link->items[i].fd >= 0;
	}
	return whole;
}

void kernel_link__free(struct kernel_link *link)
{
	if (!link)
		return;
	for (size_t i = 0; i < link->cnt; i++) {
		if (link->items[i].fd >= 0)
			(void)close(link->items[i].fd);
	}
	free(link);
}

/* More threads would not be faster. */
#define MAX_CLOSERS 32

struct closing {
	struct kernel_link **links;
	size_t cnt;
	size_t next; /* atomic */
};

static void *close_links(void *arg)
{
	struct closing *closing = arg;
	size_t i;

	while ((i = __atomic_fetch_add(&closing->next, 1, __ATOMIC_RELAXED)) < closing->cnt)
		kernel_link__free(closing->links[i]);
	return NULL;
}

void kernel_link__free_all(struct kernel_link **links, size_t cnt)
{
	struct closing closing = { .links = links, .cnt = cnt };
	pthread_t threads[MAX_CLOSERS];
	size_t started = 0;

	while (started < MAX_CLOSERS && started + 1 < cnt &&
	       pthread_create(&threads[started], NULL, close_links, &closing) == 0)
		started++;
	(void)close_links(&closing);
	while (started-- > 0)
		(void)pthread_join(threads[started], NULL);
}
