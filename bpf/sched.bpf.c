/* SPDX-License-Identifier: Dual MIT/GPL */
/*
 * With --sched: what recorded threads waited for, their major faults and their signals. An object of
 * its own, with a ring buffer of its own: without the option it is not loaded, and a flood of its
 * events takes no room from others. Its other maps are those of ttlog.bpf.c.
 *
 * `switched` and `waking` run for each thread of the machine, with interrupts off and locks of the
 * scheduler held. A bit for each tgid says whether its process may be recorded, so that all other
 * threads cost one look at that. A thread's entry in `waits` is made when it first leaves a CPU, and
 * goes with it.
 */
#include "batch.bpf.h"
#include "sender.bpf.h"

#include "sched_wire.h"

#define SIGCHLD           17
#define SIGNAL_GROUP_EXIT 0x04

#define TASK_UNINTERRUPTIBLE 0x02
#define TASK_STOPPED         0x04
#define TASK_TRACED          0x08
#define TASK_DEAD            0x80
/* What is left of a state that a thread waits in. */
#define TASK_WAITS           0xffff

/* Parts of the preempt count (include/linux/preempt.h). */
#define IN_SOFTIRQ 0x100
#define IN_IRQ     0xff0000 /* and in an NMI */

#define STACK_BYTES 16384 /* of a thread in the kernel */

char LICENSE[] SEC("license") = "Dual MIT/GPL";

const volatile __u64 least_ns = 0;    /* shorter waits are no event */
const volatile __u64 sched_bytes = 0; /* size of ring buffer `sched` */

__u32 sites_on = 0; /* a bit for each of enum sched_site; the collector changes it at any time */

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} sched SEC(".maps");

/* A thread that is not on a CPU, or was not. */
struct wait {
	u64 start_ns; /* of the process: the kernel reuses numbers */
	u64 since_ns; /* 0: it is on a CPU */
	u32 state;    /* of the task, when it left the CPU; 0: it could run on */
	u32 peer_pid, peer_tid;
	u8 waker;
	char peer_comm[16];
};

HASH_MAP(waits, 262144, u64, struct wait);

static const struct wait no_wait = {};

/* ---- The context of a wake-up ---- */

#if defined(__TARGET_ARCH_x86)
/* Which of the two there is depends on the kernel: the second one from 6.2 to 6.14. */
struct pcpu_hot {
	int preempt_count;
} __attribute__((preserve_access_index));

extern const int __preempt_count __ksym __weak;
extern const struct pcpu_hot pcpu_hot __ksym __weak;

static __always_inline u32 preempt_count(void)
{
	if (&__preempt_count)
		return *(const int *)bpf_this_cpu_ptr(&__preempt_count);
	if (&pcpu_hot)
		return ((const struct pcpu_hot *)bpf_this_cpu_ptr(&pcpu_hot))->preempt_count;
	return 0;
}
#else
static __always_inline u32 preempt_count(void)
{
	return BPF_CORE_READ(bpf_get_current_task_btf(), thread_info.preempt.count);
}
#endif

/* ---- Messages ---- */

static __always_inline u64 wake_flag(void)
{
	return bpf_ringbuf_query(&sched, BPF_RB_AVAIL_DATA) >= sched_bytes / 16
		       ? BPF_RB_FORCE_WAKEUP
		       : BPF_RB_NO_WAKEUP;
}

/* NULL: there was no room, and it is counted. `task` need not be the current one. */
static __always_inline struct sched_message *
begin_message(struct wire_process *process, struct task_struct *task, enum sched_site site)
{
	struct sched_message *message = bpf_ringbuf_reserve(&sched, sizeof(*message), 0);

	if (!message) {
		__sync_fetch_and_add(&process->lost_ring_events, 1);
		__sync_fetch_and_add(&process->lost_alone_events, 1);
		return NULL;
	}
	__builtin_memset(message, 0, sizeof(*message));
	stamp_as(&message->head, task, WIRE_BATCH, sizeof(*message), 0);
	message->head.cgroup = BPF_CORE_READ(task, cgroups, dfl_cgrp, kn, id);
	message->head.uid = BPF_CORE_READ(task, cred, uid.val);
	message->site = site;
	return message;
}

static __always_inline bool is_on(enum sched_site site)
{
	return sites_on >> site & 1;
}

/* ---- Off the CPU ---- */

/* The system call that the thread is in, or SCHED_NO_CALL. */
static __always_inline s32 call_of(struct task_struct *task)
{
	struct pt_regs *regs = (struct pt_regs *)bpf_task_pt_regs(task);
#if defined(__TARGET_ARCH_x86)
	return regs->orig_ax;
#else
	return BPF_CORE_READ(regs, syscallno);
#endif
}

/* System calls that wait for a lock: futex, futex_waitv, futex_wait, flock, semop, semtimedop. */
static __always_inline bool waits_for_lock(s32 call)
{
#if defined(__TARGET_ARCH_x86)
	return call == 202 || call == 449 || call == 455 || call == 73 || call == 65 || call == 220;
#else
	return call == 98 || call == 449 || call == 455 || call == 32 || call == 193 || call == 192;
#endif
}

/* vfork() and what does the same: the parent waits for its child. */
static __always_inline bool waits_for_child(s32 call)
{
#if defined(__TARGET_ARCH_x86)
	return call == 58 || call == 56 || call == 435;
#else
	return call == 220 || call == 435;
#endif
}

/* When it runs again: all but its state is still as it was when it left the CPU. */
static __always_inline u8 reason_of(struct task_struct *task, u32 state, s32 call)
{
	if (!state)
		return SCHED_PREEMPTED;
	if (BPF_CORE_READ_BITFIELD_PROBED(task, in_iowait))
		return SCHED_DISK;
	if (state & (TASK_STOPPED | TASK_TRACED))
		return SCHED_STOPPED;
	if (waits_for_lock(call))
		return SCHED_LOCK;
	/* what waits for no event that may take long can't be interrupted: locks of the kernel */
	return state & TASK_UNINTERRUPTIBLE && !waits_for_child(call) ? SCHED_LOCK : SCHED_SLEEP;
}

static __always_inline struct wait *make_wait(struct task_struct *task, u64 key)
{
	struct wire_process *process = process__of(task);
	struct wait *wait;

	if (!process)
		return NULL;
	bpf_map_update_elem(&waits, &key, &no_wait, BPF_ANY);
	wait = bpf_map_lookup_elem(&waits, &key);
	if (wait)
		wait->start_ns = process->start_ns;
	return wait;
}

static __always_inline void leave_cpu(struct task_struct *task, bool preempt, u32 state, u64 now_ns)
{
	u64 key = thread_key(task);
	struct wait *wait = bpf_map_lookup_elem(&waits, &key);

	if (state & TASK_DEAD) {
		if (wait)
			bpf_map_delete_elem(&waits, &key);
		return;
	}
	if (!wait)
		wait = make_wait(task, key);
	if (!wait)
		return;
	wait->state = preempt ? 0 : state & TASK_WAITS;
	wait->waker = SCHED_NO_WAKER;
	wait->since_ns = now_ns;
}

static __always_inline void send_wait(struct task_struct *task, const struct wait *wait,
				      u64 duration_ns)
{
	struct wire_process *process = process__of(task);
	struct sched_message *message;

	if (!process || wait->start_ns != process->start_ns)
		return;
	message = begin_message(process, task, SCHED_OFF_CPU);
	if (!message)
		return;
	message->duration_ns = duration_ns;
	message->call = call_of(task);
	message->cpu = bpf_get_smp_processor_id();
	message->reason = reason_of(task, wait->state, message->call);
	message->waker = wait->waker;
	if (wait->waker == SCHED_TASK || wait->waker == SCHED_SOFTIRQ) {
		message->peer_pid = wait->peer_pid;
		message->peer_tid = wait->peer_tid;
		__builtin_memcpy(message->peer_comm, wait->peer_comm, sizeof(wait->peer_comm));
	}
	bpf_ringbuf_submit(message, wake_flag());
}

static __always_inline void enter_cpu(struct task_struct *task, u64 now_ns)
{
	u64 key = thread_key(task);
	struct wait *wait = bpf_map_lookup_elem(&waits, &key);
	u64 duration_ns;

	if (!wait || !wait->since_ns)
		return;
	duration_ns = now_ns - wait->since_ns;
	wait->since_ns = 0;
	if (duration_ns >= least_ns && is_on(SCHED_OFF_CPU))
		send_wait(task, wait, duration_ns);
}

SEC("tp_btf/sched_switch")
int BPF_PROG(switched, bool preempt, struct task_struct *prev, struct task_struct *next,
	     unsigned int state)
{
	const bool leaves = recorded__may_have(prev->tgid), enters = recorded__may_have(next->tgid);
	u64 now_ns;

	if (!leaves && !enters)
		return 0;
	now_ns = bpf_ktime_get_ns();
	if (leaves)
		leave_cpu(prev, preempt, state, now_ns);
	if (enters)
		enter_cpu(next, now_ns);
	return 0;
}

static __always_inline struct wait *find_sleeper(struct task_struct *task)
{
	struct wait *wait;
	u64 key;

	if (!recorded__may_have(task->tgid))
		return NULL;
	key = thread_key(task);
	wait = bpf_map_lookup_elem(&waits, &key);
	return wait && wait->since_ns ? wait : NULL;
}

static __always_inline void keep_waker(struct wait *wait, struct task_struct *waker, u8 kind)
{
	wait->waker = waker->pid ? kind : SCHED_INTERRUPT;
	wait->peer_pid = waker->tgid;
	wait->peer_tid = waker->pid;
	bpf_probe_read_kernel(wait->peer_comm, sizeof(wait->peer_comm), waker->comm);
}

/* Runs in the thread that wakes, or in an interrupt. */
SEC("tp_btf/sched_waking")
int BPF_PROG(waking, struct task_struct *task)
{
	struct wait *wait = find_sleeper(task);
	u32 count;

	if (!wait)
		return 0;
	count = preempt_count();
	keep_waker(wait, bpf_get_current_task_btf(),
		   count & IN_IRQ       ? SCHED_INTERRUPT
		   : count & IN_SOFTIRQ ? SCHED_SOFTIRQ
					: SCHED_TASK);
	return 0;
}

/*
 * The same on kernels that hide the preempt count (without CONFIG_KALLSYMS_ALL). Interrupts have a
 * stack of their own, unless they hit a program outside of the kernel. The arguments of a tracepoint
 * are on the stack that the CPU is on. Whether an interrupt is of the thread's own doing is not
 * known.
 */
SEC("tp_btf/sched_waking")
int BPF_PROG(waking_by_stack, struct task_struct *task)
{
	struct wait *wait = find_sleeper(task);
	struct task_struct *waker;
	bool is_task;
	void *args = ctx;
	u64 at = 0;

	if (!wait)
		return 0;
	waker = bpf_get_current_task_btf();
	/* an address that can be calculated with */
	bpf_probe_read_kernel(&at, sizeof(at), &args);
	is_task = at - (u64)BPF_CORE_READ(waker, stack) < STACK_BYTES &&
		  (!waker->mm || call_of(waker) != SCHED_NO_CALL);
	keep_waker(wait, waker, is_task ? SCHED_TASK : SCHED_INTERRUPT);
	return 0;
}

/* ---- Signals ---- */

/* The sender's pid as the receiver's namespace has it. */
static __always_inline u32 told_pid(int sig, struct kernel_siginfo *info)
{
	if (!is_described(info) || (BPF_CORE_READ(info, si_code) > 0 && sig != SIGCHLD))
		return 0;
	return BPF_CORE_READ(info, _sifields._kill._pid);
}

/* The last one of a process comes as SIGKILL, in each of its threads: that it was. 0: it exits. */
static __always_inline int signal_meant(struct task_struct *task, int sig)
{
	if (sig != SIGKILL || !(BPF_CORE_READ(task, signal, flags) & SIGNAL_GROUP_EXIT))
		return sig;
	return BPF_CORE_READ(task, signal, group_exit_code) & 0x7f;
}

SEC("tp_btf/signal_deliver")
int BPF_PROG(delivered, int sig, struct kernel_siginfo *info, struct k_sigaction *action)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct wire_process *process;
	struct sched_message *message;
	struct wire_sender sender = {};

	if (!recorded__may_have(task->tgid) || !is_on(SCHED_SIGNAL))
		return 0;
	process = process__of(task);
	sig = signal_meant(task, sig);
	if (!process || !sig)
		return 0;
	message = begin_message(process, task, SCHED_SIGNAL);
	if (!message)
		return 0;
	if (can_end_process(sig))
		sender = sender__of(process, sig);
	message->signal = sig;
	/* 1: it is ignored (a debugger may see it first) */
	message->is_handled = (u64)BPF_CORE_READ(action, sa.sa_handler) > 1;
	message->peer_pid = sender.pid ? sender.pid : told_pid(sig, info);
	if (sender.pid)
		__builtin_memcpy(message->peer_comm, sender.comm, sizeof(sender.comm));
	bpf_ringbuf_submit(message, wake_flag());
	return 0;
}

/* ---- Major faults ---- */

/* UAPI: struct bpf_perf_event_data; the kernel translates accesses to it. */
struct fault {
#if defined(__TARGET_ARCH_x86)
	u64 regs[21];
#define FAULT_IP 16
#else
	u64 regs[34];
#define FAULT_IP 32
#endif
	u64 sample_period;
	u64 addr;
};

/* A page came from disk, or from swap: the end of the fault, for each one on the machine. */
SEC("perf_event")
int faulted(struct fault *ctx)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct wire_process *process;
	struct sched_message *message;

	if (!recorded__may_have(task->tgid) || !is_on(SCHED_MAJOR_FAULT))
		return 0;
	process = process__of(task);
	if (!process)
		return 0;
	message = begin_message(process, task, SCHED_MAJOR_FAULT);
	if (!message)
		return 0;
	message->address = ctx->addr;
	message->ip = ctx->regs[FAULT_IP];
	bpf_ringbuf_submit(message, wake_flag());
	return 0;
}
