/* SPDX-License-Identifier: Dual MIT/GPL */
/*
 * The kernel side of ttlog: each BPF program, its hook, and what it does.
 *
 * control   uprobe on the nop of `ttlog:control`: batches, threads, requests; also on gates, which
 *           never run: the kernel raises a semaphore for each
 * start     uprobe on a file's first instruction (-e): a process is known before it logs
 * foreign   uprobe on probes that are not ours, and on functions
 * library   uprobe on the dynamic linker's _dl_debug_state: libraries come and go
 * the rest  on tracepoints that every process hits: they return at once if it is not recorded
 *
 * Before 6.16, the memory is gone at sched_process_exit. Before 6.10, there is no
 * sched_prepare_exec. On such kernels the collector loads kprobes instead.
 *
 * Parts: state.bpf.h (maps), message.bpf.h (stamps), batch.bpf.h (copies), death.bpf.h,
 * thrown.bpf.h (exceptions), launch.bpf.h (programs that are being linked), foreign.bpf.h (probes
 * that are not ours), event_stack.bpf.h (--stack).
 */
#include "event_stack.bpf.h"
#include "foreign.bpf.h"
#include "launch.bpf.h"
#include "thrown.bpf.h"

char LICENSE[] SEC("license") = "Dual MIT/GPL";

static __always_inline void send_request(struct task_struct *task, struct wire_process *process,
					 u64 address)
{
	struct wire_request *message = message__reserve_said(process, sizeof(*message));

	if (!message)
		return;
	stamp_as(&message->head, task, WIRE_REQUEST, 0, 0);
	if (bpf_probe_read_user_str(message->reason, sizeof(message->reason), (void *)address) < 0)
		message->reason[0] = '\0';
	message__submit(message);
}

SEC("uprobe")
int control(struct pt_regs *ctx)
{
	u64 address = PT_REGS_PARM1(ctx);
	u32 module = bpf_get_attach_cookie(ctx);
	struct task_struct *task = acting_task();
	struct wire_process *process = process__acting(task);

	share_no_stack(ctx);
	if (!process)
		return 0;
	switch ((u32)PT_REGS_PARM3(ctx)) {
	case TTLOG_OP_FLUSH:
		batch__flush(task, process, address, PT_REGS_PARM2(ctx), module);
		break;
	case TTLOG_OP_BEGIN:
		batch__register(task, process, address, module);
		break;
	case TTLOG_OP_END:
		batch__unregister(task, process, address, module);
		break;
	case TTLOG_OP_SNAPSHOT:
		send_request(task, process, address);
		break;
	}
	return 0;
}

SEC("uprobe")
int start(struct pt_regs *ctx)
{
	struct wire_process *process = process__acting(bpf_get_current_task_btf());
	struct wire_head *head;

	share_no_stack(ctx);
	if (!process)
		return 0;
	process->has_file = 1;
	head = message__reserve_said(process, sizeof(*head));
	if (!head)
		return 0;
	stamp(head, WIRE_START);
	message__submit(head);
	return 0;
}

/* The cookie is the distance from here to _r_debug; 0: there is none. */
SEC("uprobe")
int library(struct pt_regs *ctx)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct wire_linking *found = linking__find(task);
	u64 to_debug = bpf_get_attach_cookie(ctx);
	struct wire_process *process;

	share_no_stack(ctx);
	if (found) {
		linking__tell(task, found);
		return 0;
	}
	process = process__of(task);
	if (!process)
		return 0;
	if (load__passes(task, process,
			 linker__step(process, to_debug ? PT_REGS_IP(ctx) + to_debug : 0)) &&
	    lifecycle__has_room(3))
		message__send_head(process, WIRE_LIBRARY, 0);
	return 0;
}

/* The cookie: the module in the upper half, the number of the place in it in the lower one. */
SEC("uprobe")
int foreign(struct pt_regs *ctx)
{
	const u64 cookie = bpf_get_attach_cookie(ctx);
	struct hit hit = {
		.registers = ctx, .number = cookie, .sp = PT_REGS_SP(ctx), .module = cookie >> 32
	};
	bool is_event = true, has_stack = false;

	share_no_stack(ctx);
	if (!find_thread(&hit))
		return 0;
	hit.place = find_place(cookie);
	if (!hit.place)
		return 0;
	switch (hit.place->kind) {
	case WIRE_PLACE_BEGIN:
		is_event = begin_span(&hit);
		break;
	case WIRE_PLACE_RETURN:
	case WIRE_PLACE_JUMP:
		is_event = end_span(&hit);
		break;
	case WIRE_PLACE_STACK:
		is_event = false;
		break;
	}
	if (has_stacks &&
	    (hit.place->kind == WIRE_PLACE_STACK || (is_event && hit.place->has_stack)))
		has_stack = event_stack__send(&hit);
	if (is_event)
		send_event(&hit, has_stack);
	return 0;
}

SEC("tp_btf/signal_deliver")
int BPF_PROG(signal_deliver, int sig, struct kernel_siginfo *info, struct k_sigaction *action)
{
	struct wire_process *process = process__of(bpf_get_current_task_btf());
	bool is_raised;

	if (!process)
		return 0;
	if (!ends_process(sig, action)) {
		keep_fault(process, sig, info);
		keep_stack(process, action);
		return 0;
	}
	is_raised = sig == SIGKILL ? may_have_raised(process) : sent_by_itself(info);
	if (is_raised && sig != SIGKILL)
		process->raised = sig;
	if (is_raised || sig != SIGKILL)
		send_crash(ctx, process, sig, info);
	end_thread(process, ROOM_IRQS_OFF);
	/* last: what was logged matters more than the stack */
	if (is_raised || sig != SIGKILL)
		send_stacks(process);
	else
		send_other(process);
	if (is_raised) {
		send_thrown();
		send_faults(process);
	}
	return 0;
}

/* Runs for every signal on the machine. A signal that is already pending keeps its first sender. */
SEC("tp_btf/signal_generate")
int BPF_PROG(signal_generate, int sig, struct kernel_siginfo *info, struct task_struct *task,
	     int group, int result)
{
	struct wire_process *process = process__of(task);

	if (process && (result == SIGNAL_IS_NEW || result == SIGNAL_LOST_INFO))
		sender__keep(process, task, sig, info);
	return 0;
}

/* The thread logged its events so far under the old name, which it still has here. */
SEC("tp_btf/task_rename")
int BPF_PROG(thread_rename, struct task_struct *task, const char *name)
{
	struct wire_process *process = process__of(bpf_get_current_task_btf());

	if (!process || task != bpf_get_current_task_btf())
		return 0;
	(void)chunk__leave(task->tgid, task->pid);
	send_so_far();
	return 0;
}

/* Runs before the memory goes, on kernels where sched_process_exit runs after that. */
SEC("kprobe/do_exit")
int exit_entry(struct pt_regs *ctx)
{
	struct wire_process *process = process__of(bpf_get_current_task_btf());

	if (process)
		end_thread(process, ROOM_ALL);
	return 0;
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(process_exit, struct task_struct *task)
{
	struct wire_process *process = process__of(bpf_get_current_task_btf());

	chunk__forget(current_tgid(), task->pid);
	if (!process)
		return 0;
	forget_faults();
	frames__forget(current_tgid(), task->pid);
	/* nothing is left to do where exit_entry ran first */
	end_thread(process, ROOM_ALL);
	if (BPF_CORE_READ(task, signal, live.counter) == 0) {
		send_exit(process);
		sender__forget();
	}
	return 0;
}

/* The exec may still fail, and the thread live on: this drains it, process_exec releases it. */
static __always_inline int drain_for_exec(void)
{
	struct wire_process *process = process__of(bpf_get_current_task_btf());

	if (process && drain_thread(ROOM_ALL, false))
		__sync_fetch_and_add(&process->lost_tails, 1);
	return 0;
}

SEC("tp_btf/sched_prepare_exec")
int BPF_PROG(prepare_exec, struct task_struct *task)
{
	return drain_for_exec();
}

/* begin_new_exec() is the function that calls sched_prepare_exec on newer kernels. */
SEC("kprobe/begin_new_exec")
int exec_entry(struct pt_regs *ctx)
{
	return drain_for_exec();
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(process_exec, struct task_struct *task, pid_t old_tid)
{
	u32 tgid = current_tgid();
	struct wire_process *process = process__of(task);
	u32 flags = (is_traced(task) ? WIRE_LAUNCHED : 0) |
		    ((u32)old_tid != tgid ? WIRE_BY_THREAD : 0);

	chunk__forget(tgid, old_tid);
	chunk__forget(tgid, tgid);
	if (!process)
		return 0;
	/* the calling thread has taken the tid of the first one */
	release_thread(tgid, old_tid);
	release_thread(tgid, tgid);
	forget_faults();
	frames__forget(tgid, old_tid);
	frames__forget(tgid, tgid);
	process->has_file = 0;
	message__send_head(process, WIRE_EXEC, flags);
	return 0;
}

SEC("tp_btf/sched_process_fork")
int BPF_PROG(process_fork, struct task_struct *parent, struct task_struct *child)
{
	struct wire_process *of_parent, *of_child;

	if (parent->tgid == child->tgid || !(follow_children || track_all))
		return 0;
	of_parent = process__of(parent);
	if (!of_parent || !(follow_children || of_parent->has_file))
		return 0;
	of_child = process__track(child);
	if (!of_child)
		return 0;
	of_child->has_file = of_parent->has_file;
	if (tell_children)
		message__send_fork(of_child, child);
	return 0;
}
