/* SPDX-License-Identifier: Dual MIT/GPL */
/*
 * Programs that the collector has started, while their dynamic linkers are at work: at the start, and
 * at each dlopen() of a program that is still traced.
 *
 * The program has to stand still between the mapping of its libraries and their constructors. The
 * collector traces it, and a thread that is traced stops ahead of each signal. So it is sent one
 * that it can't see, from its own probe hit, and stops before it is back in its own code. It is a
 * signal that does nothing where there is no handler; where there is one, or where it is blocked
 * and would be seen pending, another one is taken. If the collector is gone by then, the kernel
 * drops it.
 */
#ifndef TTLOG_LAUNCH_BPF_H
#define TTLOG_LAUNCH_BPF_H

#include "state.bpf.h"

/* signal(7), x86 and arm64 */
#define SIGCHLD  17
#define SIGURG   23
#define SIGWINCH 28

/* <link.h>, 64 bits */
#define R_DEBUG_STATE 24 /* offset of r_state */
#define RT_CONSISTENT 0
#define RT_ADD        1
#define RT_DELETE     2

static __always_inline bool is_traced(struct task_struct *task)
{
	return collector && BPF_CORE_READ(task, ptrace) &&
	       BPF_CORE_READ(task, parent, tgid) == collector;
}

/* NULL: it has linked, or is no concern of ours. */
static __always_inline struct wire_linking *linking__find(struct task_struct *task)
{
	u32 tgid = task->tgid;
	struct wire_linking *found = bpf_map_lookup_elem(&linking, &tgid);

	return found && is_traced(task) ? found : NULL;
}

/* SIG_IGN is 1. */
#define CAN_HANDLE(task, sig) ((u64)BPF_CORE_READ(task, sighand, action[(sig)-1].sa.sa_handler) > 1)

/* Whether there is a signal to stop it by. */
static __always_inline bool stop(struct task_struct *task)
{
	u64 blocked = BPF_CORE_READ(task, blocked.sig[0]);

	if (!(blocked >> (SIGURG - 1) & 1) && !CAN_HANDLE(task, SIGURG))
		return !bpf_send_signal_thread(SIGURG);
	if (!(blocked >> (SIGWINCH - 1) & 1) && !CAN_HANDLE(task, SIGWINCH))
		return !bpf_send_signal_thread(SIGWINCH);
	if (!(blocked >> (SIGCHLD - 1) & 1) && !CAN_HANDLE(task, SIGCHLD))
		return !bpf_send_signal_thread(SIGCHLD);
	return false;
}

/*
 * Its linker tells that it begins, when nothing is mapped yet, or is done: with this, or with the
 * libraries of LD_AUDIT, which come before and have a namespace of their own.
 */
static __always_inline void linking__tell(struct task_struct *task, struct wire_linking *linking)
{
	u32 state = RT_CONSISTENT;

	if (linking->debug)
		(void)bpf_probe_read_user(&state, sizeof(state),
					  (void *)(linking->debug + R_DEBUG_STATE));
	if (state == RT_ADD) {
		linking->has_added = 1;
		return;
	}
	linking->has_linked = linking->has_added;
	(void)stop(task);
}

/* ---- what comes later ---- */

enum linker_step {
	LINKER_ADDS,  /* it begins to */
	LINKER_ADDED, /* they are mapped; their constructors come next */
	LINKER_OTHER,
};

/*
 * What the linker of the calling thread, which is no longer in `linking`, tells. What other name
 * spaces have (dlmopen) it tells elsewhere: there it has added once too often. debug: address of its
 * _r_debug, 0: unknown.
 */
static __always_inline enum linker_step linker__step(struct wire_process *process, u64 debug)
{
	u32 state = RT_CONSISTENT;
	bool unlinks = process->unlinks;

	if (debug)
		(void)bpf_probe_read_user(&state, sizeof(state), (void *)(debug + R_DEBUG_STATE));
	process->unlinks = state == RT_DELETE;
	if (state == RT_ADD)
		return LINKER_ADDS;
	return state == RT_CONSISTENT && !unlinks ? LINKER_ADDED : LINKER_OTHER;
}

/*
 * Who is not traced is for as long as it loads: told of when it begins, the collector has some
 * system calls' time to come (src/attach/launch/hold.c). Then the thread waits a little for it, on its CPU: nothing
 * puts a thread to sleep here but a page that does not come, which would hold up RCU Tasks Trace.
 */
#define TRACER_WAIT_NS 1000000
/* More than there is time for. */
#define TRACER_LOOKS   (1u << 17)

static __always_inline bool load__tell(const struct task_struct *task, u32 step)
{
	struct wire_load *load = bpf_ringbuf_reserve(&loads, sizeof(*load), 0);

	if (!load)
		return false;
	load->tid = task->pid;
	load->step = step;
	bpf_ringbuf_submit(load, BPF_RB_FORCE_WAKEUP);
	return true;
}

/* Whether that was told. Another one than the collector may trace it. */
static __always_inline bool load__begin(struct task_struct *task, struct wire_process *process)
{
	process->loader = 0;
	if (!follow_children || BPF_CORE_READ(task, ptrace) || !load__tell(task, WIRE_LOAD_BEGINS))
		return false;
	process->loader = task->pid;
	return true;
}

/* For bpf_loop(). */
static long look_for_tracer(u32 i, void *ctx)
{
	const u64 *end_ns = ctx;

	return is_traced(bpf_get_current_task_btf()) || bpf_ktime_get_ns() >= *end_ns;
}

/* Whether it stops. */
static __always_inline bool load__end(struct task_struct *task, struct wire_process *process,
				      bool has_added)
{
	u64 end_ns = bpf_ktime_get_ns() + TRACER_WAIT_NS;
	bool stops = false;

	if (process->loader != (u32)task->pid)
		return false;
	process->loader = 0;
	if (has_added) {
		bpf_loop(TRACER_LOOKS, look_for_tracer, &end_ns, 0);
		stops = is_traced(task) && stop(task);
	}
	(void)load__tell(task, stops ? WIRE_LOAD_STOPS : WIRE_LOAD_PASSES);
	return stops;
}

/* Whether the collector has to be told that there may be something to attach to, while it runs on. */
static __always_inline bool load__passes(struct task_struct *task, struct wire_process *process,
					 enum linker_step step)
{
	if (is_traced(task) && process->loader != (u32)task->pid)
		return step == LINKER_ADDED && !stop(task);
	if (step == LINKER_ADDS)
		return !load__begin(task, process);
	return !load__end(task, process, step == LINKER_ADDED) && step == LINKER_ADDED;
}

#endif /* TTLOG_LAUNCH_BPF_H */
