/* SPDX-License-Identifier: MIT */
/*
 * Tries each feature instead of asking for versions: distributions port features back, and
 * privileges, lockdown and container runtimes take them away.
 */
#include <errno.h>
#include <linux/capability.h>
#include <linux/perf_event.h>
#include <pthread.h>
#include <seccomp.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>

#include "array.h"
#include "capability.h"
#include "clock.h"
#include "kernel_link.h"
#include "maps.h"
#include "sandbox.h"

/* include/linux/proc_ns.h */
#define FIRST_PID_NAMESPACE 0xeffffffcu

/* r0 = 0; exit */
static const struct bpf_insn nothing[] = {
	{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = 0 },
	{ .code = BPF_JMP | BPF_EXIT },
};

/* Some milliseconds where a trap is slow. */
#define TRAP_ROUNDS 5u
#define TRAP_HITS   200u

/* The tries attach to this. In .data, so that it lies in the file. Volatile, because the kernel
 * writes the semaphore. */
static volatile uint16_t semaphore __attribute__((section(".data"), aligned(2))) = 0;

static void __attribute__((noinline, used)) place(void)
{
	__asm__ volatile("nop");
}

/* The kernel refuses a place that is used with and without a semaphore, even in different processes
 * at the same moment. So each kind has its own place. */
static void __attribute__((noinline, used)) plain_place(void)
{
	__asm__ volatile("nop; nop");
}

struct spot {
	uint64_t offset; /* in the file */
	int fd;
};

/* The place of one of our addresses in our file. */
static int find_spot(const void *address, struct spot *ret_spot)
{
	struct maps *maps = maps__read(0);
	const struct maps_entry *entry;
	int err = 0;

	if (!maps)
		return -errno;
	entry = maps__find(maps, (uintptr_t)address);
	if (!entry) {
		err = -ENOENT;
		goto done;
	}
	ret_spot->offset = (uintptr_t)address - entry->start + entry->offset;
	ret_spot->fd = maps__open(0, entry);
	if (ret_spot->fd < 0)
		err = ret_spot->fd;
done:
	maps__free(maps);
	return err;
}

/* Both are in one file; only the first one's descriptor stays open. */
static int find_spots(void (*where)(void), struct spot *ret_place, struct spot *ret_semaphore)
{
	int err = find_spot((const void *)(uintptr_t)where, ret_place);

	if (err)
		return err;
	err = find_spot((const void *)&semaphore, ret_semaphore);
	if (err)
		close(ret_place->fd);
	else
		close(ret_semaphore->fd);
	return err;
}

static int load_program(enum bpf_prog_type type, enum bpf_attach_type attach_type,
			uint32_t attach_btf_id, const struct bpf_insn *code, size_t cnt)
{
	const struct bpf_prog_load_opts opts = {
		.sz = sizeof(opts),
		.expected_attach_type = attach_type,
		.attach_btf_id = attach_btf_id,
	};

	return bpf_prog_load(type, "ttlog_try", "GPL", code, cnt, &opts);
}

/* A link for this process alone; ref_ctr: NULL for none. */
static struct kernel_link *link_spot(int program_fd, const struct spot *at,
				     const struct spot *ref_ctr)
{
	const unsigned long offset = at->offset, semaphore_offset = ref_ctr ? ref_ctr->offset : 0;
	const struct kernel_places places = {
		.fd = at->fd,
		.offsets = &offset,
		.semaphores = ref_ctr ? &semaphore_offset : NULL,
		.cnt = 1,
	};

	return kernel_link__multi(program_fd, &places, 0, getpid());
}

bool capability__uprobe_multi(void)
{
	struct kernel_link *link;
	struct spot at, counter;
	bool raised = false;
	int program_fd;

	if (find_spots(place, &at, &counter))
		return false;
	program_fd = load_program(BPF_PROG_TYPE_KPROBE,
				  (enum bpf_attach_type)ATTACH_TYPE_UPROBE_MULTI, 0, nothing,
				  ARRAY_SIZE(nothing));
	if (program_fd >= 0) {
		link = link_spot(program_fd, &at, &counter);
		raised = link && semaphore;
		kernel_link__free(link);
		close(program_fd);
	}
	close(at.fd);
	return raised;
}

/* Adds one to the map's only value: */
static int load_counter(int map_fd)
{
	const struct bpf_insn count[] = {
		/* key 0, on the stack; BPF_K and BPF_IMM are 0 */
		{ .code = BPF_ST | BPF_MEM | BPF_W, .dst_reg = BPF_REG_10, .off = -4 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_X,
		  .dst_reg = BPF_REG_2,
		  .src_reg = BPF_REG_10 },
		{ .code = BPF_ALU64 | BPF_ADD, .dst_reg = BPF_REG_2, .imm = -4 },
		{ .code = BPF_LD | BPF_DW,
		  .dst_reg = BPF_REG_1,
		  .src_reg = BPF_PSEUDO_MAP_FD,
		  .imm = map_fd },
		{ 0 },
		{ .code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_map_lookup_elem },
		{ .code = BPF_JMP | BPF_JEQ | BPF_K, .dst_reg = BPF_REG_0, .off = 2 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_1, .imm = 1 },
		{ .code = BPF_STX | BPF_ATOMIC | BPF_DW,
		  .dst_reg = BPF_REG_0,
		  .src_reg = BPF_REG_1,
		  .imm = BPF_ADD },
		nothing[0],
		nothing[1],
	};

	return load_program(BPF_PROG_TYPE_KPROBE, (enum bpf_attach_type)ATTACH_TYPE_UPROBE_MULTI, 0,
			    count, ARRAY_SIZE(count));
}

static void *hit(void *arg)
{
	(void)arg;
	plain_place();
	return NULL;
}

/* 0: a link for this process, on plain_place(), is hit in a thread other than the first. */
static int try_thread(int program_fd, int map_fd, const struct spot *at)
{
	struct kernel_link *link = link_spot(program_fd, at, NULL);
	uint64_t hits = 0;
	uint32_t key = 0;
	pthread_t thread;
	int err;

	if (!link)
		return -errno;
	err = -pthread_create(&thread, NULL, hit, NULL);
	if (!err)
		(void)pthread_join(thread, NULL);
	if (!err && bpf_map_lookup_elem(map_fd, &key, &hits))
		err = -errno;
	kernel_link__free(link);
	return err ? err : hits ? 0 : -ENOTSUP;
}

int capability__multi_threads(void)
{
	int map_fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "ttlog_try", 4, 8, 1, NULL);
	int program_fd, err;
	struct spot at;

	if (map_fd < 0)
		return -errno;
	program_fd = load_counter(map_fd);
	err = program_fd < 0 ? program_fd : find_spot((const void *)(uintptr_t)plain_place, &at);
	if (!err) {
		err = try_thread(program_fd, map_fd, &at);
		close(at.fd);
	}
	if (program_fd >= 0)
		close(program_fd);
	close(map_fd);
	return err;
}

/* How many parameters a tracepoint has, without its context; -ENOENT: there is none of that
 * name. */
static int tracepoint_parameters(const char *name, int *ret_btf_id)
{
	struct btf *btf = btf__load_vmlinux_btf();
	const struct btf_type *type;
	char type_name[128];
	int id, cnt = -ENOENT;

	if (!btf)
		return -errno;
	snprintf(type_name, sizeof(type_name), "btf_trace_%s", name);
	id = btf__find_by_name_kind(btf, type_name, BTF_KIND_TYPEDEF);
	if (id > 0) {
		/* a typedef of a pointer to a function (void *context, ...) */
		type = btf__type_by_id(btf, btf__type_by_id(btf, (uint32_t)id)->type);
		type = type ? btf__type_by_id(btf, type->type) : NULL;
		if (type && btf_is_func_proto(type) && btf_vlen(type))
			cnt = btf_vlen(type) - 1;
		if (ret_btf_id)
			*ret_btf_id = id;
	}
	btf__free(btf);
	return cnt;
}

bool capability__tracepoint(const char *name)
{
	return tracepoint_parameters(name, NULL) >= 0;
}

bool capability__prepare_exec(void)
{
	return capability__tracepoint("sched_prepare_exec");
}

/* The change that moved the tracepoint before the end of the memory also added group_dead to it. */
bool capability__exit_memory(void)
{
	return tracepoint_parameters("sched_process_exit", NULL) >= 2;
}

int capability__btf(void)
{
	struct btf *btf = btf__load_vmlinux_btf();

	if (!btf)
		return -errno;
	btf__free(btf);
	return 0;
}

static int try_map(enum bpf_map_type type, uint32_t key_bytes, uint32_t value_bytes,
		   uint32_t entries)
{
	int fd = bpf_map_create(type, "ttlog_try", key_bytes, value_bytes, entries, NULL);

	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

int capability__bpf(void)
{
	return try_map(BPF_MAP_TYPE_HASH, 4, 8, 1);
}

int capability__ring_buffer(void)
{
	return try_map(BPF_MAP_TYPE_RINGBUF, 0, 0, (uint32_t)sysconf(_SC_PAGESIZE));
}

int capability__tracing(void)
{
	int program_fd, link_fd, btf_id, err;

	err = tracepoint_parameters("signal_deliver", &btf_id);
	if (err < 0)
		return err;
	program_fd = load_program(BPF_PROG_TYPE_TRACING, BPF_TRACE_RAW_TP, (uint32_t)btf_id,
				  nothing, ARRAY_SIZE(nothing));
	if (program_fd < 0)
		return program_fd;
	link_fd = bpf_raw_tracepoint_open(NULL, program_fd);
	err = link_fd < 0 ? -errno : 0;
	if (link_fd >= 0)
		close(link_fd);
	close(program_fd);
	return err;
}

static int try_uprobe(bool with_semaphore)
{
	struct perf_event_attr attr = { .size = sizeof(attr) };
	int type = kernel_link__event_type("uprobe"), err, fd;
	struct spot at, counter;
	char path[32];

	if (type < 0)
		return type;
	err = find_spots(with_semaphore ? place : plain_place, &at, &counter);
	if (err)
		return err;
	attr.type = (uint32_t)type;
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", at.fd);
	attr.config1 = (uintptr_t)path;
	attr.config2 = at.offset;
	if (with_semaphore)
		attr.config = counter.offset << 32; /* PERF_UPROBE_REF_CTR_OFFSET_SHIFT */
	fd = (int)syscall(SYS_perf_event_open, &attr, getpid(), -1, -1, PERF_FLAG_FD_CLOEXEC);
	if (fd < 0)
		err = -errno;
	else if (with_semaphore && !semaphore)
		err = -ENOTSUP;
	if (fd >= 0)
		close(fd);
	close(at.fd);
	return err;
}

int capability__uprobe(void)
{
	return try_uprobe(false);
}

int capability__semaphore(void)
{
	return try_uprobe(true);
}

static uint64_t time_hits(void)
{
	uint64_t began_ns, took_ns, least_ns = UINT64_MAX;

	for (unsigned int round = 0; round < TRAP_ROUNDS; round++) {
		began_ns = clock__now_mono_ns();
		for (unsigned int i = 0; i < TRAP_HITS; i++)
			plain_place();
		took_ns = clock__now_mono_ns() - began_ns;
		if (took_ns < least_ns)
			least_ns = took_ns;
	}
	return least_ns / TRAP_HITS;
}

uint64_t capability__trap_ns(void)
{
	struct kernel_places places = { .cnt = 1 };
	struct kernel_link *link = NULL;
	struct spot at, counter;
	unsigned long offset;
	uint64_t ns = 0;
	int program_fd;

	if (find_spots(plain_place, &at, &counter))
		return 0;
	offset = at.offset;
	places.fd = at.fd;
	places.offsets = &offset;
	program_fd = load_program(BPF_PROG_TYPE_KPROBE, 0, 0, nothing, ARRAY_SIZE(nothing));
	if (program_fd >= 0)
		link = kernel_link__events(program_fd, &places, 0, getpid(), NULL);
	if (link)
		ns = time_hits();
	kernel_link__free(link);
	if (program_fd >= 0)
		close(program_fd);
	close(at.fd);
	return ns;
}

int capability__kprobe(const char *function)
{
	struct perf_event_attr attr = { .size = sizeof(attr) };
	int type = kernel_link__event_type("kprobe"), fd;

	if (type < 0)
		return type;
	attr.type = (uint32_t)type;
	attr.config1 = (uintptr_t)function;
	fd = (int)syscall(SYS_perf_event_open, &attr, -1, 0, -1, PERF_FLAG_FD_CLOEXEC);
	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

/* A kernel may lack either kind of namespace. */
static bool has_own_pids(void)
{
	struct stat status;

	return stat("/proc/self/ns/pid", &status) == 0 && status.st_ino != FIRST_PID_NAMESPACE;
}

/* A time namespace may have no offsets. A line per clock: seconds, nanoseconds. */
static bool has_own_time(void)
{
	FILE *file = fopen("/proc/self/timens_offsets", "re");
	long long seconds, nanoseconds;
	bool found = false;

	while (file && fscanf(file, "%*s %lld %lld", &seconds, &nanoseconds) == 2)
		found |= seconds || nanoseconds;
	if (file)
		(void)fclose(file);
	return found;
}

const char *capability__foreign_namespace(void)
{
	return has_own_pids() ? "PID" : has_own_time() ? "time" : NULL;
}

int capability__seccomp(void)
{
	const int calls[] = { SCMP_SYS(exit_group) };
	pid_t pid = fork();
	int status = 0;

	if (pid < 0)
		return -errno;
	if (pid == 0) {
		int err = sandbox__drop_privileges();

		_exit(-(err ? err : sandbox__allow(calls, 1)));
	}
	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			return -errno;
	}
	return WIFEXITED(status) ? -WEXITSTATUS(status) : -EIO;
}

bool capability__has(unsigned int number)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { 0 };

	if (number >= 64 || syscall(SYS_capget, &header, data))
		return false;
	return data[number / 32].effective >> number % 32 & 1;
}
