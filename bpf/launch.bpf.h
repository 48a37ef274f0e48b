/* SPDX-License-Identifier: Dual MIT/GPL */
/*
 * Programs that the collector has started, while their dynamic linker works: at the start, and at
 * each dlopen() while the program is still traced.
 *
 * The program has to stop after its libraries are mapped, and before their constructors run. The
 * collector traces it, and a traced thread stops before each signal that it gets. So the probe
 * sends the thread a signal that the program can't see, and the thread stops before it is back in
 * its own code. The signal is one that does nothing without a handler. If it has a handler, or is
 * blocked and would be seen pending, the next one is tried. If the collector is gone by then, the
 * kernel drops the signal.
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
	return tracer && BPF_CORE_READ(task, ptrace) && BPF_CORE_READ(task, parent, tgid) == tracer;
}

/* NULL: its linker is done, or it is not ours. */
static __always_inline struct wire_linking *linking__find(struct task_struct *task)
{
	u32 tgid = task->tgid;
	struct wire_linking *found = bpf_map_lookup_elem(&linking, &tgid);

	return found && is_traced(task) ? found : NULL;
}

/* SIG_IGN is 1. */
#define CAN_HANDLE(task, sig) ((u64)BPF_CORE_READ(task, sighand, action[(sig)-1].sa.sa_handler) > 1)

/* Whether a signal was sent that stops it. */
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
 * The program's linker says that it begins, when nothing is mapped yet, or that it is done: with
 * the program's libraries, or with those of LD_AUDIT, which come first and have a namespace of
 * their own.
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

/* ---- libraries that are loaded later ---- */

enum linker_step {
	LINKER_ADDS,  /* it begins to map libraries */
	LINKER_ADDED, /* they are mapped; their constructors come next */
	LINKER_OTHER,
};

/*
 * What the linker of the calling thread reports, when it is no longer in `linking`. For other
 * namespaces (dlmopen) the linker changes another _r_debug: then this returns LINKER_ADDED once too
 * often. debug: address of its _r_debug, 0: unknown.
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
 * Other threads are traced only while they load libraries. The collector is told when such a load
 * begins, and has the time of some system calls to seize the thread (src/attach/launch/hold.c).
 * Then the thread waits a little for the collector, and uses its CPU: a BPF program can sleep only
 * for a page that does not come, and that would hold up RCU Tasks Trace.
 */
#define TRACER_WAIT_NS 1000000
/* More than fit into that time. */
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

/* Whether the collector was told. A thread that another process traces is left alone. */
static __always_inline bool load__begin(struct task_struct *task, struct wire_process *process)
{
	const u32 tid = task->pid, one = 1;

	process->loader = 0;
	if (!follow_children || BPF_CORE_READ(task, ptrace))
		return false;
	(void)bpf_map_update_elem(&loading, &tid, &one, BPF_ANY);
	if (!load__tell(task, WIRE_LOAD_BEGINS))
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

/* Whether the thread stops. */
static __always_inline bool load__end(struct task_struct *task, struct wire_process *process,
				      bool has_added)
{
	u64 end_ns = bpf_ktime_get_ns() + TRACER_WAIT_NS;
	const u32 tid = task->pid;
	bool stops = false;

	if (process->loader != (u32)task->pid)
		return false;
	process->loader = 0;
	if (has_added) {
		bpf_loop(TRACER_LOOKS, look_for_tracer, &end_ns, 0);
		stops = is_traced(task) && stop(task);
	}
	(void)bpf_map_delete_elem(&loading, &tid);
	(void)load__tell(task, stops ? WIRE_LOAD_STOPS : WIRE_LOAD_PASSES);
	return stops;
}

/* Whether to tell the collector of libraries that came, while the thread runs on. */
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
