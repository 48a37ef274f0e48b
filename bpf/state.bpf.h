/* SPDX-License-Identifier: Dual MIT/GPL */
/*
 * The maps, and who is recorded.
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
const volatile __u64 wake_bytes = 0;         /* its fill at which the collector is woken */
const volatile bool track_all = false;       /* whoever has a probed file is recorded (-e) */
const volatile bool follow_children = false; /* children of the recorded are recorded (-- CMD) */
const volatile bool all_stacks = false;      /* of a crash, other threads' too (--stacks) */
const volatile int collector = 0;            /* its process */

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 64 << 20); /* -b */
} batches SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 16 << 20);
} deaths SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 32768);
	__type(key, u32); /* tgid */
	__type(value, struct wire_process);
} processes SEC(".maps");

/* Bytes of `batches` that the collector has read, per process; written by the collector. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 32768);
	__type(key, u32); /* tgid */
	__type(value, u64);
} consumed SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 262144);
	__type(key, u64); /* tgid << 32 | tid */
	__type(value, struct wire_thread_batches);
} threads SEC(".maps");

/* struct wire_load (-- CMD). */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 64 << 10);
} loads SEC(".maps");

/* The programs that the collector traces while they are linked (-- CMD). */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 4096);
	__type(key, u32); /* tgid */
	__type(value, struct wire_linking);
} linking SEC(".maps");

/* The last signals of a thread that handlers took. */
struct faults {
	u64 start_ns;       /* of the process: numbers come again */
	u64 interrupted_sp; /* where one came whose handler has a stack of its own; 0: none */
	struct wire_handled fault;  /* the machine's: SIGSEGV and the like */
	struct wire_handled raised; /* sent by itself: abort() */
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 16384);
	__type(key, u64); /* tgid << 32 | tid */
	__type(value, struct faults);
} faults SEC(".maps");

/* What no program ever calls: share_no_stack(). */
struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, u32);
} nothing SEC(".maps");

const volatile bool calls_nothing = false;

/* How many were ever tracked by BPF; counted when they are. */
__u64 tracked_cnt = 0;

/* Processes that could not be recorded because `processes` was full. */
__u64 untracked_cnt = 0;

static const struct wire_process new_process = {};
static const struct wire_thread_batches no_batches = {};
static const struct faults no_faults = {};

/*
 * Each uprobe program calls this. From 6.13 on a program of type kprobe that needs 64 bytes of stack
 * or more has one stack per CPU: the kernel assumes that such a program is not preempted. A uprobe
 * program can be. Then the next thread that runs it on that CPU overwrites the stack, and the kernel
 * can panic (github.com/open-telemetry/opentelemetry-ebpf-instrumentation/issues/3056). The kernel
 * makes no such stack for a program with a tail call, not even for a call that never happens.
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
 * Pointers in kernel structures are read by BPF_CORE_READ() throughout. Where a program follows one
 * by itself, the verifier looks through all of the kernel's types by name, three times a place it
 * sees that in: 0.25 s of the 0.37 s that loading took (6.18).
 */

/*
 * In whose name a probe is hit: a child after vfork() runs on its parent's stack, in its parent's
 * memory and batch, while the parent waits. What it does there the parent does.
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

/* When its process was born, since boot. */
static __always_inline u64 start_ns_of(const struct task_struct *task)
{
	if (task->pid == task->tgid)
		return task->start_boottime;
	return BPF_CORE_READ(task, group_leader, start_boottime);
}

/*
 * The entry of a task's process, where that is recorded. Numbers come again: an entry belongs to
 * the process that it was first used for, and to no later one of that number.
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

/* A task whose process is to be recorded from now on. */
static __always_inline struct wire_process *process__track(const struct task_struct *task)
{
	struct wire_process *process = process__of(task);
	u32 tgid = task->tgid;

	if (process)
		return process;
	/* of an earlier process with that number, which the collector has yet to close */
	if (process__find(tgid))
		bpf_map_delete_elem(&processes, &tgid);
	/* -EEXIST is fine: another thread was first */
	bpf_map_update_elem(&processes, &tgid, &new_process, BPF_NOEXIST);
	__sync_fetch_and_add(&tracked_cnt, 1);
	process = process__of(task);
	if (!process)
		__sync_fetch_and_add(&untracked_cnt, 1);
	return process;
}

/* The process of a task that hit a probe, where it is to be recorded. */
static __always_inline struct wire_process *process__acting(const struct task_struct *task)
{
	return track_all ? process__track(task) : process__of(task);
}

#endif /* TTLOG_STATE_BPF_H */
