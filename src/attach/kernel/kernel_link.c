/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
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

struct kernel_link *kernel_link__multi(int prog_fd, const struct kernel_places *places,
				       uint64_t cookie, pid_t pid)
{
	struct kernel_link *link = calloc(1, sizeof(*link) + sizeof(link->items[0]));
	int fd;

	if (!link)
		return NULL;
	fd = probe_links__link_all(prog_fd, places, cookie, pid);
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
		fd = probe_links__link_one(prog_fd, type, places, i, cookie, pid);
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
