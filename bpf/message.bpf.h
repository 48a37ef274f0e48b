/* SPDX-License-Identifier: Dual MIT/GPL */
/*
 * The two ring buffers, and what every message starts with.
 *
 * A uprobe program may be preempted, and run again on the same CPU. So there is no per-CPU scratch:
 * messages are built in the ring buffer itself.
 */
#ifndef TTLOG_MESSAGE_BPF_H
#define TTLOG_MESSAGE_BPF_H

#include "state.bpf.h"

/* A thread's pid and tid as its own pid namespace has them. */
static __always_inline void stamp_namespace(struct wire_head *head, struct task_struct *task)
{
	struct pid *tid = BPF_CORE_READ(task, thread_pid);
	u32 level = BPF_CORE_READ(tid, level);
	struct pid *tgid;
	int nr = 0;

	head->ns_tid = head->tid;
	head->ns_tgid = head->tgid;
	if (level == 0)
		return;
	if (bpf_probe_read_kernel(&nr, sizeof(nr), &tid->numbers[level].nr) == 0)
		head->ns_tid = nr;
	tgid = BPF_CORE_READ(task, group_leader, thread_pid);
	if (bpf_probe_read_kernel(&nr, sizeof(nr), &tgid->numbers[level].nr) == 0)
		head->ns_tgid = nr;
}

/* A probe sends its messages for acting_task(). The programs at the start and end of a task send
 * them for that task. */
static __always_inline void stamp_as(struct wire_head *head, struct task_struct *task, u32 kind,
				     u32 bytes, u32 module)
{
	head->kind = kind;
	head->bytes = bytes;
	head->module = module;
	head->stamp_ns = bpf_ktime_get_ns();
	head->exec = task->self_exec_id;
	head->flags = 0;
	head->tgid = task->tgid;
	head->tid = task->pid;
	head->start_ns = start_ns_of(task);
	head->cgroup = bpf_get_current_cgroup_id();
	head->uid = bpf_get_current_uid_gid();
	stamp_namespace(head, task);
	/* all 16 bytes, with the zeroes after the name: the collector compares all of them */
	bpf_probe_read_kernel(head->comm, sizeof(head->comm), task->comm);
	head->comm[sizeof(head->comm) - 1] = '\0';
}

static __always_inline void stamp(struct wire_head *head, u32 kind)
{
	stamp_as(head, bpf_get_current_task_btf(), kind, 0, 0);
}

/*
 * Whether `lifecycle` is filled to at most that many quarters. Tails and stacks may fill it up to a
 * half; messages that a program can send as often as it likes, up to three quarters. So crowds of
 * dying processes, or a program that floods the probe, leave room for the end of other processes.
 */
static __always_inline bool lifecycle__has_room(u32 quarters)
{
	return bpf_ringbuf_query(&lifecycle, BPF_RB_AVAIL_DATA) <=
	       bpf_ringbuf_query(&lifecycle, BPF_RB_RING_SIZE) / 4 * quarters;
}

/* A message without a batch. It always goes to `lifecycle`, and always wakes the collector. */
static __always_inline void *message__reserve(struct wire_process *process, u32 size)
{
	void *message = bpf_ringbuf_reserve(&lifecycle, size, 0);

	if (!message)
		__sync_fetch_and_add(&process->lost_messages, 1);
	return message;
}

/* As message__reserve(), for a message that the program causes by itself. */
static __always_inline void *message__reserve_said(struct wire_process *process, u32 size)
{
	if (lifecycle__has_room(3))
		return message__reserve(process, size);
	__sync_fetch_and_add(&process->lost_messages, 1);
	return NULL;
}

static __always_inline void message__submit(void *message)
{
	bpf_ringbuf_submit(message, BPF_RB_FORCE_WAKEUP);
}

static __always_inline void message__send_head(struct wire_process *process, u32 kind, u32 flags)
{
	struct wire_head *head = message__reserve(process, sizeof(*head));

	if (!head)
		return;
	stamp(head, kind);
	head->flags = flags;
	message__submit(head);
}

/* The child runs a program that is new to the collector, as after an exec. */
static __always_inline void message__send_fork(struct wire_process *process,
					       struct task_struct *child)
{
	struct wire_head *head = message__reserve(process, sizeof(*head));

	if (!head)
		return;
	stamp_as(head, child, WIRE_EXEC, 0, 0);
	message__submit(head);
}

#endif /* TTLOG_MESSAGE_BPF_H */
