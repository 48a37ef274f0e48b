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

/*
 * Whether the linker of the calling thread, which is no longer in `linking`, has brought libraries, or
 * may have: their constructors come next. What other name spaces have (dlmopen) it tells elsewhere:
 * there it is asked once too often. debug: address of its _r_debug, 0: unknown.
 */
static __always_inline bool linker__has_added(struct wire_process *process, u64 debug)
{
	u32 state = RT_CONSISTENT;
	bool has_added;

	if (debug)
		(void)bpf_probe_read_user(&state, sizeof(state), (void *)(debug + R_DEBUG_STATE));
	has_added = state == RT_CONSISTENT && !process->unlinks;
	process->unlinks = state == RT_DELETE;
	return has_added;
}

#endif /* TTLOG_LAUNCH_BPF_H */
