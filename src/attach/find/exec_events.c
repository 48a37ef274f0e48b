/* SPDX-License-Identifier: MIT */
#include "exec_events.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "barrier.h"
#include "find.skel.h"

/* Mappings change for microseconds; with a CPU that is not to be had, for longer. */
#define MAX_BUSY_TRIES 10000u
#define BUSY_US        100u

struct exec_events {
	struct find_bpf *skel;
	struct ring_buffer *reader;
	void (*take)(void *ctx, const struct find_message *message);
	void *take_ctx;
};

/* A negative result would stop the reading. */
static int take_message(void *ctx, void *message, size_t bytes)
{
	const struct exec_events *events = ctx;

	if (bytes >= sizeof(struct find_message))
		events->take(events->take_ctx, message);
	return 0;
}

static int try_own(const struct exec_events *events)
{
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC), err;
	struct find_file file;

	if (fd < 0)
		return -errno;
	err = exec_events__identify(events, fd, &file);
	(void)close(fd);
	return err;
}

static int load(struct exec_events *events)
{
	int err;

	events->skel = find_bpf__open_and_load();
	if (!events->skel)
		return -errno;
	err = find_bpf__attach(events->skel);
	if (err)
		return err;
	events->reader =
		ring_buffer__new(bpf_map__fd(events->skel->maps.found), take_message, events, NULL);
	return events->reader ? try_own(events) : -errno;
}

struct exec_events *exec_events__new(void)
{
	struct exec_events *events = calloc(1, sizeof(*events));
	int err;

	if (!events)
		return NULL;
	err = load(events);
	if (!err)
		return events;
	exec_events__free(events);
	errno = -err;
	return NULL;
}

void exec_events__free(struct exec_events *events)
{
	if (!events)
		return;
	ring_buffer__free(events->reader);
	find_bpf__destroy(events->skel);
	free(events);
}

int exec_events__fd(const struct exec_events *events)
{
	return ring_buffer__epoll_fd(events->reader);
}

void exec_events__take(struct exec_events *events,
		       void (*take)(void *ctx, const struct find_message *message), void *ctx)
{
	events->take = take;
	events->take_ctx = ctx;
	(void)ring_buffer__consume(events->reader);
}

uint64_t exec_events__report_cnt(const struct exec_events *events)
{
	return barrier__load_relaxed(&events->skel->bss->report_cnt);
}

/* The kernel counts when a program would have had to run twice at once on one CPU. */
uint64_t exec_events__missed_cnt(const struct exec_events *events)
{
	struct bpf_prog_info info = { 0 };
	uint32_t bytes = sizeof(info);

	if (bpf_obj_get_info_by_fd(bpf_program__fd(events->skel->progs.executed), &info, &bytes))
		info.recursion_misses = 0;
	return info.recursion_misses + barrier__load_relaxed(&events->skel->bss->lost_cnt);
}

/* -EBUSY: another thread changes the mappings, and bpf_find_vma() does not wait. */
static int run_identify(const struct exec_events *events, struct bpf_test_run_opts *run)
{
	if (bpf_prog_test_run_opts(bpf_program__fd(events->skel->progs.identify), run))
		return -errno;
	if (run->retval)
		return (int)run->retval < 0 ? (int)run->retval : -EIO;
	return 0;
}

/* stat(2) has other numbers for files of overlayfs and btrfs. */
int exec_events__identify(const struct exec_events *events, int fd, struct find_file *ret)
{
	void *at = mmap(NULL, 1, PROT_READ, MAP_PRIVATE, fd, 0);
	struct find_question question = { .address = (uintptr_t)at };
	LIBBPF_OPTS(bpf_test_run_opts, run, .ctx_in = &question, .ctx_size_in = sizeof(question));
	int err;

	if (at == MAP_FAILED)
		return -errno;
	err = run_identify(events, &run);
	for (unsigned i = 0; err == -EBUSY && i < MAX_BUSY_TRIES; i++) {
		(void)usleep(BUSY_US);
		err = run_identify(events, &run);
	}
	if (!err)
		*ret = question.file;
	(void)munmap(at, 1);
	return err;
}

void exec_events__set(const struct exec_events *events, const struct find_file *file,
		      enum find_state state)
{
	const struct find_entry entry = { .state = state };

	(void)bpf_map_update_elem(bpf_map__fd(events->skel->maps.files), file, &entry, BPF_ANY);
}

void exec_events__forget(const struct exec_events *events, const struct find_file *file)
{
	(void)bpf_map_delete_elem(bpf_map__fd(events->skel->maps.files), file);
}
