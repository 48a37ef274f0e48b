/* SPDX-License-Identifier: MIT */
#include "map_events.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "barrier.h"
#include "probe_links.h"

/* Of each CPU: 1,500 reports or so. Up to 512 KiB need no privilege of their own. */
#define BUFFER_BYTES     ((size_t)256 << 10)
#define RECORD_MAX_BYTES 65536u

struct cpu_events {
	int fd; /* -1: the CPU is not there */
	struct perf_event_mmap_page *page;
	const unsigned char *data;
};

struct map_events {
	size_t page_bytes;
	uint64_t lost_cnt;
	unsigned char record[RECORD_MAX_BYTES]; /* one that goes round the buffer's end */
	size_t cpu_cnt;
	struct cpu_events cpus[];
};

/* perf_event_open(2) */
struct mmap2_record {
	struct perf_event_header header;
	uint32_t pid, tid;
	uint64_t address, bytes, offset;
	uint32_t major, minor;
	uint64_t inode, generation;
	uint32_t protection, flags;
};

struct lost_record {
	struct perf_event_header header;
	uint64_t id, cnt;
};

/* ---- records ---- */

bool map_event__parse(const void *record, size_t bytes, struct map_event *ret, uint64_t *lost_cnt)
{
	struct mmap2_record mapped;
	struct lost_record lost;

	if (bytes < sizeof(mapped.header))
		return false;
	memcpy(&mapped.header, record, sizeof(mapped.header));
	if (mapped.header.type == PERF_RECORD_LOST && bytes >= sizeof(lost)) {
		memcpy(&lost, record, sizeof(lost));
		*lost_cnt += lost.cnt;
	}
	if (mapped.header.type != PERF_RECORD_MMAP2 || bytes < sizeof(mapped))
		return false;
	memcpy(&mapped, record, sizeof(mapped));
	if (!mapped.inode)
		return false;
	*ret = (struct map_event){
		.pid = mapped.pid,
		.generation = (uint32_t)mapped.generation,
		.address = mapped.address,
		.inode = mapped.inode,
		.dev = makedev(mapped.major, mapped.minor),
	};
	return true;
}

/* The record at a position; it may go round the end. */
static const void *record_at(struct map_events *events, const struct cpu_events *cpu, uint64_t at,
			     size_t bytes)
{
	const size_t from = at % BUFFER_BYTES, whole = BUFFER_BYTES - from;

	if (bytes <= whole)
		return cpu->data + from;
	memcpy(events->record, cpu->data + from, whole);
	memcpy(events->record + whole, cpu->data, bytes - whole);
	return events->record;
}

static void take_of_cpu(struct map_events *events, const struct cpu_events *cpu, map_event_fn take,
			void *ctx)
{
	/* pairs with perf_output_put_handle() in the kernel, which has written the records */
	const uint64_t head = barrier__load_acquire(&cpu->page->data_head);
	uint64_t at = cpu->page->data_tail;

	while (at < head) {
		const struct perf_event_header *header =
			(const void *)(cpu->data + at % BUFFER_BYTES);
		struct map_event event;

		/* 8 bytes at multiples of 8 never go round */
		if (header->size < sizeof(*header))
			break;
		if (map_event__parse(record_at(events, cpu, at, header->size), header->size, &event,
				     &events->lost_cnt))
			take(ctx, &event);
		at += header->size;
	}
	/* the kernel may write over what was read */
	barrier__store_release(&cpu->page->data_tail, head);
}

void map_events__take(struct map_events *events, map_event_fn take, void *ctx)
{
	for (size_t i = 0; i < events->cpu_cnt; i++) {
		if (events->cpus[i].fd >= 0)
			take_of_cpu(events, &events->cpus[i], take, ctx);
	}
}

uint64_t map_events__lost_cnt(const struct map_events *events)
{
	return events->lost_cnt;
}

/* ---- up and down ---- */

/* 0 or -errno; -ENODEV: the CPU is off. */
static int open_cpu(const struct map_events *events, int number, struct cpu_events *ret)
{
	const size_t bytes = events->page_bytes + BUFFER_BYTES;
	int fd = probe_links__open_cpu(number, BUFFER_BYTES), err;
	void *at;

	if (fd < 0)
		return fd;
	at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (at == MAP_FAILED) {
		err = -errno;
		(void)close(fd);
		return err;
	}
	*ret = (struct cpu_events){
		.fd = fd,
		.page = at,
		.data = (const unsigned char *)at + events->page_bytes,
	};
	return 0;
}

static int open_all(struct map_events *events, bool *ret_added)
{
	bool added = false;

	for (size_t i = 0; i < events->cpu_cnt; i++) {
		int err = events->cpus[i].fd < 0 ? open_cpu(events, (int)i, &events->cpus[i])
						 : -ENODEV;

		if (err && err != -ENODEV)
			return err;
		added |= !err;
	}
	*ret_added = added;
	return added ? 0 : -ENODEV;
}

bool map_events__add_cpus(struct map_events *events)
{
	bool added;

	return !open_all(events, &added) && added;
}

static void see_own(void *ctx, const struct map_event *event)
{
	*(bool *)ctx |= event->pid == (uint32_t)getpid();
}

static int try_own(struct map_events *events)
{
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC), err = 0;
	bool seen = false;
	void *at;

	if (fd < 0)
		return -errno;
	at = mmap(NULL, 1, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
	if (at == MAP_FAILED)
		err = -errno;
	else
		(void)munmap(at, 1);
	(void)close(fd);
	map_events__take(events, see_own, &seen);
	return err ? err : seen ? 0 : -ENOTSUP;
}

struct map_events *map_events__new(void)
{
	const long cnt = sysconf(_SC_NPROCESSORS_CONF);
	const size_t cpu_cnt = cnt > 0 ? (size_t)cnt : 1;
	struct map_events *events =
		calloc(1, sizeof(*events) + cpu_cnt * sizeof(struct cpu_events));
	bool added;
	int err;

	if (!events)
		return NULL;
	events->page_bytes = (size_t)sysconf(_SC_PAGESIZE);
	events->cpu_cnt = cpu_cnt;
	for (size_t i = 0; i < cpu_cnt; i++)
		events->cpus[i].fd = -1;
	err = open_all(events, &added);
	if (!err)
		err = try_own(events);
	if (!err)
		return events;
	map_events__free(events);
	errno = -err;
	return NULL;
}

void map_events__free(struct map_events *events)
{
	if (!events)
		return;
	for (size_t i = 0; i < events->cpu_cnt; i++) {
		if (events->cpus[i].fd < 0)
			continue;
		(void)munmap(events->cpus[i].page, events->page_bytes + BUFFER_BYTES);
		(void)close(events->cpus[i].fd);
	}
	free(events);
}
