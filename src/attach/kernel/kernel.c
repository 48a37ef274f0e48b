/* SPDX-License-Identifier: MIT */
/*
 * Loads the skeleton, keeps its maps, makes links. If the kernel lacks a tracepoint, a kprobe
 * replaces it. If it has no kprobes either, recording goes on, and kernel__gaps() reports it.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "barrier.h"
#include "capability.h"
#include "event_chunks.h"
#include "kernel_link.h"
#include "kernel_parts.h"
#include "kernel_sched.h"
#include "start_time.h"
#include "wire.h"
#include "warm.h"
#include "wire_ring.h"

static void choose_programs(struct kernel *kernel)
{
	struct bpf_program *uprobes[] = { kernel->skel->progs.control, kernel->skel->progs.library,
					  kernel->skel->progs.start, kernel->skel->progs.foreign };
	/* asked once, because it reads all types of the kernel */
	bool has_prepare_exec = capability__prepare_exec();

	kernel->multi = capability__uprobe_multi();
	/* perf events look at a thread's memory, which all threads of a process share */
	kernel->can_filter = !kernel->multi || !capability__multi_threads();
	for (size_t i = 0; kernel->multi && i < sizeof(uprobes) / sizeof(*uprobes); i++)
		bpf_program__set_expected_attach_type(
			uprobes[i], (enum bpf_attach_type)ATTACH_TYPE_UPROBE_MULTI);
	bpf_program__set_autoload(kernel->skel->progs.foreign, kernel->rings.events);
	bpf_program__set_autoload(kernel->skel->progs.exit_entry, !capability__exit_memory());
	bpf_program__set_autoload(kernel->skel->progs.prepare_exec, has_prepare_exec);
	bpf_program__set_autoload(kernel->skel->progs.exec_entry, !has_prepare_exec);
}

static uint32_t chunk_cnt(const struct kernel_options *options)
{
	return options->has_chunks ? (uint32_t)(options->events_bytes / 2 / WIRE_CHUNK_BYTES) : 0;
}

/* Of maps that nothing uses without probes of others, and of those that only chunks need. */
static void set_event_options(struct ttlog_bpf *skel, const struct kernel_options *options)
{
	const size_t ring_bytes = options->has_chunks ? options->events_bytes / 2
						      : options->events_bytes;

	if (options->events_bytes) {
		skel->rodata->events_bytes = ring_bytes;
		skel->rodata->foreign_tracks = options->foreign_tracks;
		skel->rodata->has_stacks = options->has_stacks;
		bpf_map__set_max_entries(skel->maps.events, ring_bytes);
	} else {
		bpf_map__set_max_entries(skel->maps.places, 1);
		bpf_map__set_max_entries(skel->maps.place_slots, 1);
		bpf_map__set_max_entries(skel->maps.shares, 1);
		bpf_map__set_max_entries(skel->maps.frames_by_thread, 1);
	}
	if (chunk_cnt(options)) {
		skel->rodata->chunk_cnt = chunk_cnt(options);
		bpf_map__set_max_entries(skel->maps.chunks, chunk_cnt(options));
		bpf_map__set_max_entries(skel->maps.free_chunks, chunk_cnt(options));
	} else {
		bpf_map__set_max_entries(skel->maps.event_threads, 1);
		bpf_map__set_max_entries(skel->maps.thread_slots, 1);
	}
}

static void set_options(struct kernel *kernel, const struct kernel_options *options)
{
	struct ttlog_bpf *skel = kernel->skel;

	skel->rodata->batches_bytes = options->batches_bytes;
	skel->rodata->wake_bytes = options->batches_bytes / 16;
	skel->rodata->track_all = options->track_all;
	skel->rodata->follow_children = options->follow_children || options->tell_children;
	skel->rodata->tell_children = options->tell_children;
	skel->rodata->all_stacks = options->all_stacks;
	skel->rodata->marks_recorded = options->sched;
	if (!options->sched)
		bpf_map__set_max_entries(skel->maps.recorded, 1);
	skel->bss->tracer = getpid();
	bpf_map__set_max_entries(skel->maps.batches, options->batches_bytes);
	set_event_options(skel, options);
}

/* Before the programs are loaded. */
static int open_ring(struct bpf_map *map, struct wire_ring **ret)
{
	int fd = bpf_map_create(BPF_MAP_TYPE_RINGBUF, bpf_map__name(map), 0, 0,
				bpf_map__max_entries(map), NULL);
	int err;

	if (fd < 0)
		return fd;
	err = bpf_map__reuse_fd(map, fd);
	(void)close(fd);
	if (err)
		return err;
	*ret = wire_ring__new(bpf_map__fd(map));
	return *ret ? 0 : -errno;
}

static struct warm_ring warm_ring(const struct bpf_map *map, struct wire_ring *reader)
{
	return (struct warm_ring){
		.fd = bpf_map__fd(map),
		.bytes = bpf_map__max_entries(map),
		.reader = reader,
	};
}

static int open_rings(struct kernel *kernel)
{
	const struct ttlog_bpf *skel = kernel->skel;
	struct warm_ring rings[3];
	size_t cnt = 0;
	int err = open_ring(skel->maps.batches, &kernel->rings.batches);

	if (!err)
		err = open_ring(skel->maps.lifecycle, &kernel->rings.lifecycle);
	if (!err && skel->rodata->events_bytes)
		err = open_ring(skel->maps.events, &kernel->rings.events);
	if (err)
		return err;
	/* first the one that is written with interrupts off: time may run out for the others */
	rings[cnt++] = warm_ring(skel->maps.lifecycle, kernel->rings.lifecycle);
	rings[cnt++] = warm_ring(skel->maps.batches, kernel->rings.batches);
	if (kernel->rings.events)
		rings[cnt++] = warm_ring(skel->maps.events, kernel->rings.events);
	kernel->warm = warm__start(rings, cnt);
	return 0;
}

/* Attaches a kprobe that replaces a tracepoint, if it is needed. */
static struct bpf_link *attach_kprobe(struct kernel *kernel, struct bpf_program *program,
				      enum kernel_gap gap)
{
	struct bpf_link *link;

	if (!bpf_program__autoload(program))
		return NULL;
	link = bpf_program__attach(program);
	if (!link)
		kernel->gaps |= gap;
	return link;
}

/* The programs on tracepoints and functions; those on uprobes come with kernel__link(). */
static int attach_programs(struct kernel *kernel)
{
	struct ttlog_bpf *skel = kernel->skel;

	int err;

	bpf_program__set_autoattach(skel->progs.exit_entry, false);
	bpf_program__set_autoattach(skel->progs.exec_entry, false);
	err = ttlog_bpf__attach(skel);
	if (err)
		return err;
	skel->links.exit_entry = attach_kprobe(kernel, skel->progs.exit_entry, KERNEL_GAP_EXIT);
	skel->links.exec_entry = attach_kprobe(kernel, skel->progs.exec_entry, KERNEL_GAP_EXEC);
	return 0;
}

#define RECORDED_BYTES (WIRE_RECORDED_WORDS * sizeof(uint64_t))

static int open_sched(struct kernel *kernel, uint64_t least_ns)
{
	void *mapped = mmap(NULL, RECORDED_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED,
			    bpf_map__fd(kernel->skel->maps.recorded), 0);

	if (mapped == MAP_FAILED)
		return -errno;
	kernel->recorded = mapped;
	kernel->sched = kernel_sched__new(kernel->skel->obj, least_ns);
	if (!kernel->sched)
		return -errno;
	kernel->rings.sched = kernel_sched__ring(kernel->sched);
	return 0;
}

static int open_chunks(struct kernel *kernel, size_t cnt)
{
	struct ttlog_bpf *skel = kernel->skel;

	kernel->rings.chunks = event_chunks__new(bpf_map__fd(skel->maps.chunks), cnt,
						 bpf_map__fd(skel->maps.free_chunks),
						 (uint64_t *)&skel->bss->freed_chunks);
	return kernel->rings.chunks ? 0 : -errno;
}

struct kernel *kernel__new(const struct kernel_options *options)
{
	struct kernel *kernel = calloc(1, sizeof(*kernel));
	int err;

	if (!kernel)
		return NULL;
	kernel->skel = ttlog_bpf__open();
	if (!kernel->skel) {
		err = -errno;
		goto fail;
	}
	set_options(kernel, options);
	err = open_rings(kernel);
	if (err)
		goto fail;
	choose_programs(kernel);
	err = ttlog_bpf__load(kernel->skel);
	if (!err)
		err = attach_programs(kernel);
	if (!err && options->sched)
		err = open_sched(kernel, options->sched_least_ns);
	if (!err && chunk_cnt(options))
		err = open_chunks(kernel, chunk_cnt(options));
	if (err)
		goto fail;
	return kernel;
fail:
	kernel__free(kernel);
	errno = -err;
	return NULL;
}

void kernel__free(struct kernel *kernel)
{
	if (!kernel)
		return;
	warm__end(kernel->warm);
	kernel_sched__free(kernel->sched);
	if (kernel->recorded)
		(void)munmap(kernel->recorded, RECORDED_BYTES);
	wire_ring__free(kernel->rings.batches);
	wire_ring__free(kernel->rings.lifecycle);
	wire_ring__free(kernel->rings.events);
	event_chunks__free(kernel->rings.chunks);
	ttlog_bpf__destroy(kernel->skel);
	free(kernel);
}

/* uprobe_multi was tried when the programs were chosen. */
int kernel__can_enable(const struct kernel *kernel)
{
	return kernel->multi ? 0 : capability__semaphore();
}

bool kernel__can_filter(const struct kernel *kernel)
{
	return kernel->can_filter;
}

unsigned int kernel__gaps(const struct kernel *kernel)
{
	return kernel->gaps;
}

void kernel__settle(struct kernel *kernel)
{
	warm__end(kernel->warm);
	kernel->warm = NULL;
}

int kernel__batches_fd(const struct kernel *kernel)
{
	return bpf_map__fd(kernel->skel->maps.batches);
}

int kernel__events_fd(const struct kernel *kernel)
{
	return kernel->rings.events ? bpf_map__fd(kernel->skel->maps.events) : -1;
}

int kernel__loads_fd(const struct kernel *kernel)
{
	return bpf_map__fd(kernel->skel->maps.loads);
}

int kernel__loading_fd(const struct kernel *kernel)
{
	return bpf_map__fd(kernel->skel->maps.loading);
}

void kernel__set_tracer(struct kernel *kernel, pid_t pid)
{
	kernel->skel->bss->tracer = pid;
}

int kernel__lifecycle_fd(const struct kernel *kernel)
{
	return bpf_map__fd(kernel->skel->maps.lifecycle);
}

void kernel__open_rings(struct kernel *kernel, struct kernel_rings *ret)
{
	kernel__settle(kernel);
	*ret = kernel->rings;
}

int kernel__sched_fd(const struct kernel *kernel)
{
	return kernel->sched ? kernel_sched__fd(kernel->sched) : -1;
}

void kernel__switch_sched_on(struct kernel *kernel, uint32_t sites)
{
	if (kernel->sched)
		kernel_sched__switch_on(kernel->sched, sites);
}

void kernel__rest(struct kernel *kernel)
{
	wire_ring__rest(kernel->rings.batches);
	wire_ring__rest(kernel->rings.lifecycle);
	if (kernel->rings.events)
		wire_ring__rest(kernel->rings.events);
	if (kernel->rings.sched)
		wire_ring__rest(kernel->rings.sched);
}

static void each_program_of(const struct bpf_object *object,
			    void (*each)(void *ctx, const struct kernel_program_info *info),
			    void *ctx)
{
	struct bpf_program *program;

	bpf_object__for_each_program(program, object)
	{
		struct bpf_prog_info info = { 0 };
		uint32_t len = sizeof(info);
		const int fd = bpf_program__fd(program);

		if (fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &len))
			continue;
		each(ctx, &(const struct kernel_program_info){
				  .name = bpf_program__name(program),
				  .run_cnt = info.run_cnt,
				  .run_ns = info.run_time_ns,
				  .missed_cnt = info.recursion_misses,
			  });
	}
}

void kernel__each_program(const struct kernel *kernel,
			  void (*each)(void *ctx, const struct kernel_program_info *info),
			  void *ctx)
{
	each_program_of(kernel->skel->obj, each, ctx);
	if (kernel->sched)
		each_program_of(kernel_sched__object(kernel->sched), each, ctx);
}

static int program_fd(const struct kernel *kernel, enum kernel_program program)
{
	const struct bpf_program *const programs[] = {
		[KERNEL_CONTROL] = kernel->skel->progs.control,
		[KERNEL_LIBRARY] = kernel->skel->progs.library,
		[KERNEL_START] = kernel->skel->progs.start,
		[KERNEL_FOREIGN] = kernel->skel->progs.foreign,
	};

	return bpf_program__fd(programs[program]);
}

size_t kernel__list_programs(const struct kernel *kernel, int *ret, size_t max)
{
	size_t cnt = 0;

	for (enum kernel_program at = KERNEL_CONTROL; at <= KERNEL_FOREIGN && cnt < max; at++) {
		ret[cnt] = program_fd(kernel, at);
		cnt += ret[cnt] >= 0;
	}
	return cnt;
}

struct kernel_link *kernel__relink(struct kernel *kernel, enum kernel_program program,
				   const struct kernel_places *places, uint64_t cookie, pid_t pid,
				   const struct kernel_have *have)
{
	const int prog_fd = program_fd(kernel, program);

	return kernel->multi ? kernel_link__multi(prog_fd, places, cookie, pid)
			     : kernel_link__events(prog_fd, places, cookie, pid, have);
}

struct kernel_link *kernel__link(struct kernel *kernel, enum kernel_program program,
				 const struct kernel_places *places, uint64_t cookie, pid_t pid)
{
	return kernel__relink(kernel, program, places, cookie, pid, NULL);
}
