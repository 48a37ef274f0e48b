/* SPDX-License-Identifier: Dual MIT/GPL */
/*
 * The maps, and the rule which processes are recorded.
 */
#ifndef TTLOG_STATE_BPF_H
#define TTLOG_STATE_BPF_H

#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>

#include "wire.h"

/* Set by the collector before the programs are loaded. */
const volatile __u64 batches_bytes = 0;      /* size of ring buffer `batches` */
const volatile __u64 wake_bytes = 0;         /* the collector is woken at this fill of `batches` */
const volatile bool track_all = false;       /* record each process that runs a probed file (-e) */
const volatile bool follow_children = false; /* record children of recorded processes (-- CMD) */
/* the collector attaches to each of them by itself (--unit, --cgroup) */
const volatile bool tell_children = false;
const volatile bool all_stacks = false; /* in a crash, send all threads' stacks (--stacks) */

int tracer; /* tgid of what traces for the collector; it may change until there is a program */

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 64 << 20); /* -b */
} batches SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 16 << 20);
} lifecycle SEC(".maps");

/* A hash map whose elements are allocated when they are needed. Keys that are u32 are a tgid; u64:
 * tgid << 32 | tid. */
#define HASH_MAP(name, entries, key_type, value_type)                                              \
	struct {                                                                                   \
		__uint(type, BPF_MAP_TYPE_HASH);                                                   \
		__uint(map_flags, BPF_F_NO_PREALLOC);                                              \
		__uint(max_entries, entries);                                                      \
		__type(key, key_type);                                                             \
		__type(value, value_type);                                                         \
	} name SEC(".maps")

HASH_MAP(processes, 32768, u32, struct wire_process);

/* How many bytes of `batches` the collector has read, per process; the collector writes it. */
HASH_MAP(consumed, 32768, u32, u64);

HASH_MAP(threads, 262144, u64, struct wire_thread_batches);

/* struct wire_load (-- CMD). */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 64 << 10);
} loads SEC(".maps");

/* The threads of `loads` that load now, by tid. Only BPF writes it: the broker traces no others. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(map_flags, 1 << 3); /* BPF_F_RDONLY, for system calls (linux/bpf.h) */
	__uint(max_entries, 1024);
	__type(key, u32);
	__type(value, u32);
} loading SEC(".maps");

/* Programs that the collector traces while their dynamic linkers work (-- CMD). */
HASH_MAP(linking, 4096, u32, struct wire_linking);

/* The last signals of a thread that a handler took. */
struct faults {
	u64 start_ns;               /* of the process: the kernel reuses tgids */
	u64 interrupted_sp;         /* sp before a handler that runs on its own stack; 0: none */
	struct wire_handled fault;  /* raised by the CPU: SIGSEGV and the like */
	struct wire_handled raised; /* sent by the program: abort() */
};

HASH_MAP(faults, 16384, u64, struct faults);

/* Never filled, for a tail call that never happens: share_no_stack(). */
struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, u32);
} nothing SEC(".maps");

const volatile bool calls_nothing = false;

/*
 * A bit for each tgid that may have an entry in `processes`, for programs that run so often that
 * they can't look there each time (sched.bpf.c). Without --sched it has one word.
 */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, WIRE_RECORDED_WORDS);
	__type(key, u32);
	__type(value, u64);
} recorded SEC(".maps");

const volatile bool marks_recorded = false;

/* How many processes BPF has begun to track; raised when it does. */
__u64 tracked_cnt = 0;

/* Processes that could not be recorded because `processes` was full. */
__u64 untracked_cnt = 0;

static const struct wire_process new_process = {};
static const struct wire_thread_batches no_batches = {};
static const struct faults no_faults = {};

/*
 * Each uprobe program calls this. From 6.13 on, a program of type kprobe that needs 64 bytes of
 * stack or more has one stack per CPU: the kernel assumes that such a program is not preempted. A
 * uprobe program can be preempted. Then the next thread that runs it on that CPU overwrites the
 * stack, and the kernel can panic
 * (github.com/open-telemetry/opentelemetry-ebpf-instrumentation/issues/3056). The kernel makes no
 * such stack for a program with a tail call, even if the call never happens.
 */
static __always_inline void share_no_stack(void *ctx)
{
	if (calls_nothing)
		bpf_tail_call(ctx, &nothing, 0);
}

static __always_inline u32 current_tgid(void)
{
	return bpf_get_current_pid_tgid() >> 32;
}

/*
 * BPF_CORE_READ() reads all pointers in kernel structures. If a program follows such a pointer
 * directly, the verifier searches all of the kernel's types by name, three times for each such
 * place: that took 0.25 s of 0.37 s of loading (6.18).
 */

/*
 * The task that a probe hit is counted for. After vfork(), a child runs on its parent's stack, with
 * its parent's memory and batch, while the parent waits. What the child does there is counted as
 * the parent's.
 */
static __always_inline struct task_struct *acting_task(void)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct task_struct *parent;

	if (!BPF_CORE_READ(task, vfork_done))
		return task;
	parent = task->real_parent;
	return BPF_CORE_READ(parent, mm) == BPF_CORE_READ(task, mm) ? parent : task;
}

static __always_inline u64 thread_key(const struct task_struct *task)
{
	return (u64)task->tgid << 32 | (u32)task->pid;
}

static __always_inline struct wire_process *process__find(u32 tgid)
{
	return bpf_map_lookup_elem(&processes, &tgid);
}

/* Start time of the task's process, since boot. */
static __always_inline u64 start_ns_of(const struct task_struct *task)
{
	if (task->pid == task->tgid)
		return task->start_boottime;
	return BPF_CORE_READ(task, group_leader, start_boottime);
}

/*
 * The entry of a task's process; NULL if the process is not recorded. The kernel reuses tgids: an
 * entry belongs to the first process that used it, and not to a later one with the same tgid.
 */
static __always_inline struct wire_process *process__of(const struct task_struct *task)
{
	u64 start_ns = start_ns_of(task);
	struct wire_process *process = process__find(task->tgid);

	if (!process)
		return NULL;
	if (!process->start_ns)
		process->start_ns = start_ns;
	return process->start_ns == start_ns ? process : NULL;
}

/* After it is in `processes`: kernel__untrack() clears the bit, and then looks whether it must not. */
static __always_inline void recorded__mark(u32 tgid)
{
	u32 word = tgid / 64;
	u64 *bits;

	if (!marks_recorded)
		return;
	bits = bpf_map_lookup_elem(&recorded, &word);
	if (bits)
		__sync_fetch_and_or(bits, 1ull << (tgid & 63));
}

static __always_inline bool recorded__may_have(u32 tgid)
{
	u32 word = tgid / 64;
	u64 *bits = bpf_map_lookup_elem(&recorded, &word);

	return bits && *bits >> (tgid & 63) & 1;
}

/* Begins to record the task's process, if it is not recorded yet. */
static __always_inline struct wire_process *process__track(const struct task_struct *task)
{
	struct wire_process *process = process__of(task);
	u32 tgid = task->tgid;

	if (process)
		return process;
	/* an entry of an earlier process with that tgid, which the collector has yet to close */
	if (process__find(tgid))
		bpf_map_delete_elem(&processes, &tgid);
	/* -EEXIST is fine: another thread was first */
	bpf_map_update_elem(&processes, &tgid, &new_process, BPF_NOEXIST);
	recorded__mark(tgid);
	__sync_fetch_and_add(&tracked_cnt, 1);
	process = process__of(task);
	if (!process)
		__sync_fetch_and_add(&untracked_cnt, 1);
	return process;
}

/* The entry of a task that hit a probe; NULL if its process is not recorded. */
static __always_inline struct wire_process *process__acting(const struct task_struct *task)
{
	return track_all ? process__track(task) : process__of(task);
}

#endif /* TTLOG_STATE_BPF_H */
