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
#include "kernel.h"
#include "kernel_link.h"
#include "kernel_sched.h"
#include "start_time.h"
#include "wire.h"
#include "ttlog.skel.h"
#include "warm.h"
#include "wire_ring.h"

struct kernel {
	struct ttlog_bpf *skel;
	struct wire_ring *batches, *lifecycle;
	struct warm *warm;          /* until they are read */
	struct kernel_sched *sched; /* NULL: without options.sched */
	uint64_t *recorded;         /* likewise: the data of that map */
	bool multi;                 /* uprobe_multi links */
	bool can_filter;            /* by process */
	unsigned int gaps;
};

static void choose_programs(struct kernel *kernel)
{
	struct bpf_program *uprobes[] = { kernel->skel->progs.control, kernel->skel->progs.library,
					  kernel->skel->progs.start };
	/* asked once, because it reads all types of the kernel */
	bool has_prepare_exec = capability__prepare_exec();

	kernel->multi = capability__uprobe_multi();
	/* perf events look at a thread's memory, which all threads of a process share */
	kernel->can_filter = !kernel->multi || !capability__multi_threads();
	for (size_t i = 0; kernel->multi && i < sizeof(uprobes) / sizeof(*uprobes); i++)
		bpf_program__set_expected_attach_type(
			uprobes[i], (enum bpf_attach_type)ATTACH_TYPE_UPROBE_MULTI);
	bpf_program__set_autoload(kernel->skel->progs.exit_entry, !capability__exit_memory());
	bpf_program__set_autoload(kernel->skel->progs.prepare_exec, has_prepare_exec);
	bpf_program__set_autoload(kernel->skel->progs.exec_entry, !has_prepare_exec);
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
	struct warm_ring rings[2];
	int err = open_ring(skel->maps.batches, &kernel->batches);

	if (!err)
		err = open_ring(skel->maps.lifecycle, &kernel->lifecycle);
	if (err)
		return err;
	/* first the one that is written with interrupts off: time may run out for the other */
	rings[0] = warm_ring(skel->maps.lifecycle, kernel->lifecycle);
	rings[1] = warm_ring(skel->maps.batches, kernel->batches);
	kernel->warm = warm__start(rings, 2);
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
	return kernel->sched ? 0 : -errno;
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
	wire_ring__free(kernel->batches);
	wire_ring__free(kernel->lifecycle);
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

void kernel__open_rings(struct kernel *kernel, struct wire_ring **ret_batches,
			struct wire_ring **ret_lifecycle)
{
	kernel__settle(kernel);
	*ret_batches = kernel->batches;
	*ret_lifecycle = kernel->lifecycle;
}

struct wire_ring *kernel__sched_ring(const struct kernel *kernel)
{
	return kernel->sched ? kernel_sched__ring(kernel->sched) : NULL;
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
	wire_ring__rest(kernel->batches);
	wire_ring__rest(kernel->lifecycle);
	if (kernel->sched)
		wire_ring__rest(kernel_sched__ring(kernel->sched));
}

/* BPF sets bits of that map, too. */
static void mark_recorded(struct kernel *kernel, pid_t pid, bool is_recorded)
{
	const uint64_t bit = UINT64_C(1) << (pid & 63);
	uint64_t *word;

	if (!kernel->recorded || pid < 0 || (uint32_t)pid / 64 >= WIRE_RECORDED_WORDS)
		return;
	word = &kernel->recorded[(uint32_t)pid / 64];
	if (is_recorded)
		(void)__atomic_fetch_or(word, bit, __ATOMIC_SEQ_CST);
	else
		(void)__atomic_fetch_and(word, ~bit, __ATOMIC_SEQ_CST);
}

/* Sets a value in a map with pids as keys. */
static int put_of(struct bpf_map *map, pid_t pid, const void *value, uint64_t flags)
{
	const uint32_t key = pid;

	return bpf_map_update_elem(bpf_map__fd(map), &key, value, flags) ? -errno : 0;
}

int kernel__track(struct kernel *kernel, pid_t pid)
{
	const struct ttlog_bpf__rodata *own = kernel->skel->rodata;
	/* with -e and --unit, a process is recorded because of its file */
	const struct wire_process fresh = { .has_file = own->track_all || own->tell_children };
	const int err = put_of(kernel->skel->maps.processes, pid, &fresh, BPF_NOEXIST);

	if (!err || err == -EEXIST)
		mark_recorded(kernel, pid, true);
	return err == -EEXIST ? 0 : err;
}

/* Whether entries of its threads may be left. They are removed when threads end, except those whose
 * tail could not be sent. To look for them means to walk the whole table. */
static bool may_have_threads(const struct wire_process *process)
{
	return process->lost_tails || !process->exits;
}

static void forget_threads(struct kernel *kernel, pid_t pid)
{
	int fd = bpf_map__fd(kernel->skel->maps.threads);
	uint64_t key, next, *from = NULL;

	while (bpf_map_get_next_key(fd, from, &next) == 0) {
		if (from && key >> 32 == (uint32_t)pid)
			(void)bpf_map_delete_elem(fd, &key);
		key = next;
		from = &key;
	}
	if (from && key >> 32 == (uint32_t)pid)
		(void)bpf_map_delete_elem(fd, &key);
}

void kernel__untrack(struct kernel *kernel, pid_t pid, uint64_t start_ns)
{
	struct wire_process now;
	uint32_t key = pid;
	int err = kernel__read_process(kernel, pid, start_ns, &now);

	if (err == -ESRCH)
		return;
	if (err || may_have_threads(&now))
		forget_threads(kernel, pid);
	(void)bpf_map_delete_elem(bpf_map__fd(kernel->skel->maps.processes), &key);
	(void)bpf_map_delete_elem(bpf_map__fd(kernel->skel->maps.consumed), &key);
	mark_recorded(kernel, pid, false);
	/* a later process may have got its pid meanwhile */
	if (kernel->recorded && !kernel__read_process(kernel, pid, 0, &now))
		mark_recorded(kernel, pid, true);
}

int kernel__read_process(const struct kernel *kernel, pid_t pid, uint64_t start_ns,
			 struct wire_process *ret)
{
	uint32_t key = pid;

	if (bpf_map_lookup_elem(bpf_map__fd(kernel->skel->maps.processes), &key, ret))
		return -errno;
	return start_ns && ret->start_ns && start_ns != ret->start_ns ? -ESRCH : 0;
}

void kernel__each_left(const struct kernel *kernel, pid_t pid,
		       void (*each)(void *ctx, uint64_t address, uint32_t module, uint64_t events),
		       void *ctx)
{
	int fd = bpf_map__fd(kernel->skel->maps.threads);
	struct wire_thread_batches own;
	uint64_t key, *from = NULL;

	while (bpf_map_get_next_key(fd, from, &key) == 0) {
		from = &key;
		if (key >> 32 != (uint32_t)pid || bpf_map_lookup_elem(fd, &key, &own))
			continue;
		for (size_t i = 0; i < WIRE_MAX_MODULES; i++) {
			if (own.left[i])
				each(ctx, own.address[i], own.module[i],
				     own.left[i] & ~WIRE_LEFT_GONE);
		}
	}
}

/* From 0 on. If a process is deleted meanwhile, this may begin again. */
static bool next_process(const struct kernel *kernel, pid_t *pid)
{
	const int fd = bpf_map__fd(kernel->skel->maps.processes);

	return !bpf_map_get_next_key(fd, *pid ? pid : NULL, pid);
}

pid_t *kernel__list_processes(const struct kernel *kernel, size_t *ret_cnt)
{
	size_t cap = bpf_map__max_entries(kernel->skel->maps.processes), cnt = 0;
	pid_t *pids = calloc(cap, sizeof(*pids));
	pid_t pid = 0;

	while (pids && cnt < cap && next_process(kernel, &pid))
		pids[cnt++] = pid;
	*ret_cnt = cnt;
	return pids;
}

static bool lives(const struct kernel *kernel, pid_t pid)
{
	struct wire_process process;

	if (kernel__read_process(kernel, pid, 0, &process) || process.exits)
		return false;
	if (process.start_ns)
		return start_time__is(pid, process.start_ns);
	return kill(pid, 0) == 0 || errno != ESRCH;
}

/* Counted after they are in the map. */
static uint64_t tracked_cnt(const struct kernel *kernel)
{
	return barrier__load_acquire(&kernel->skel->bss->tracked_cnt);
}

size_t kernel__living_cnt(const struct kernel *kernel, size_t max)
{
	uint64_t before;
	size_t cnt;

	/* a child may begin at a place that was already passed, while its parent ends */
	do {
		pid_t pid = 0;

		before = tracked_cnt(kernel);
		cnt = 0;
		while (cnt < max && next_process(kernel, &pid))
			cnt += lives(kernel, pid);
	} while (!cnt && before != tracked_cnt(kernel));
	return cnt;
}

int kernel__set_consumed(struct kernel *kernel, pid_t pid, uint64_t bytes)
{
	return put_of(kernel->skel->maps.consumed, pid, &bytes, BPF_ANY);
}

int kernel__register_batch(struct kernel *kernel, pid_t pid, pid_t tid, uint64_t address,
			   uint32_t module)
{
	int fd = bpf_map__fd(kernel->skel->maps.threads);
	uint64_t key = (uint64_t)pid << 32 | (uint32_t)tid;
	struct wire_thread_batches own = { 0 };
	size_t i = 0;

	(void)bpf_map_lookup_elem(fd, &key, &own);
	while (i < WIRE_MAX_MODULES && own.address[i] && own.address[i] != address)
		i++;
	if (i == WIRE_MAX_MODULES)
		return -ENOSPC;
	own.address[i] = address;
	own.module[i] = module;
	return bpf_map_update_elem(fd, &key, &own, BPF_ANY) ? -errno : 0;
}

int kernel__begin_linking(struct kernel *kernel, pid_t pid, uint64_t debug)
{
	const struct wire_linking linking = { .debug = debug };

	return put_of(kernel->skel->maps.linking, pid, &linking, BPF_ANY);
}

bool kernel__has_linked(const struct kernel *kernel, pid_t pid)
{
	struct wire_linking linking;
	uint32_t key = pid;

	return !bpf_map_lookup_elem(bpf_map__fd(kernel->skel->maps.linking), &key, &linking) &&
	       linking.has_linked;
}

void kernel__end_linking(struct kernel *kernel, pid_t pid)
{
	uint32_t key = pid;

	(void)bpf_map_delete_elem(bpf_map__fd(kernel->skel->maps.linking), &key);
}

uint64_t kernel__untracked_cnt(const struct kernel *kernel)
{
	return kernel->skel->bss->untracked_cnt;
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
	};

	return bpf_program__fd(programs[program]);
}

size_t kernel__list_programs(const struct kernel *kernel, int *ret, size_t max)
{
	size_t cnt = 0;

	for (enum kernel_program at = KERNEL_CONTROL; at <= KERNEL_START && cnt < max; at++)
		ret[cnt++] = program_fd(kernel, at);
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
