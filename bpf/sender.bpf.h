/* SPDX-License-Identifier: Dual MIT/GPL */
/*
 * Which process sends signals to a recorded process.
 *
 * Only while the kernel makes a signal is its sender known. The receiver of SIGKILL learns nothing.
 * The receiver of another signal learns a pid, which may no longer exist by then. So the sender is
 * kept, per signal, until the process ends.
 */
#ifndef TTLOG_SENDER_BPF_H
#define TTLOG_SENDER_BPF_H

#include "state.bpf.h"

#define SIGKILL          9
#define LAST_SIGNAL      64 /* SIGRTMAX */
#define SI_USER          0
#define SI_QUEUE         -1
#define SI_TKILL         -6
/* The result of a signal, as in include/trace/events/signal.h. */
#define SIGNAL_IS_NEW    0
#define SIGNAL_LOST_INFO 4

struct senders {
	u64 start_ns; /* of the process: the kernel reuses tgids */
	struct wire_sender of[LAST_SIGNAL];
};

HASH_MAP(senders, 32768, u32, struct senders);

static const struct senders no_senders = {};

/* signal(7): these signals do not end a process by default: SIGCHLD, SIGCONT, SIGSTOP, SIGTSTP,
 * SIGTTIN, SIGTTOU, SIGURG, SIGWINCH. The numbers are those of x86 and arm64. */
static __always_inline bool can_end_process(int sig)
{
	const u64 harmless = 1ull << 17 | 1ull << 18 | 1ull << 19 | 1ull << 20 | 1ull << 21 |
			     1ull << 22 | 1ull << 23 | 1ull << 28;

	return sig > 0 && sig <= LAST_SIGNAL && (sig == LAST_SIGNAL || !(harmless >> sig & 1));
}

/* Values up to 2 are no pointers: they stand for signals without a description. */
static __always_inline bool is_described(const struct kernel_siginfo *info)
{
	return (u64)info > 2;
}

/* Whether the calling task asked for the signal: 0 means that it did, 1 that the kernel did. A
 * timer of the program fires in whichever task runs at that moment. */
static __always_inline bool is_asked_for(struct kernel_siginfo *info)
{
	int code;

	if (!is_described(info))
		return !info;
	code = BPF_CORE_READ(info, si_code);
	return code == SI_USER || code == SI_QUEUE || code == SI_TKILL;
}

/* Makes the entry if `is_wanted`. NULL: there is none, or there is no memory. */
static __always_inline struct senders *senders__get(struct wire_process *process, u32 tgid,
						    bool is_wanted)
{
	struct senders *kept = bpf_map_lookup_elem(&senders, &tgid);

	if (kept && kept->start_ns == process->start_ns)
		return kept;
	/* an entry that is made after the process ended would stay for ever */
	if (!is_wanted || process->exits ||
	    bpf_map_update_elem(&senders, &tgid, &no_senders, BPF_ANY))
		return NULL;
	kept = bpf_map_lookup_elem(&senders, &tgid);
	if (kept)
		kept->start_ns = process->start_ns;
	return kept;
}

/* Runs with the lock of the process's signals held. */
static __always_inline void sender__keep(struct wire_process *process,
					 const struct task_struct *task, int sig,
					 struct kernel_siginfo *info)
{
	struct task_struct *leader;
	struct wire_sender *sender;
	struct senders *kept;
	bool is_asked;

	if (!can_end_process(sig))
		return;
	is_asked = is_asked_for(info);
	kept = senders__get(process, task->tgid, is_asked);
	if (!kept)
		return;
	sender = &kept->of[(sig - 1) & (LAST_SIGNAL - 1)];
	sender->pid = is_asked ? current_tgid() : 0;
	sender->uid = bpf_get_current_uid_gid();
	leader = BPF_CORE_READ(bpf_get_current_task_btf(), group_leader);
	bpf_probe_read_kernel(sender->comm, sizeof(sender->comm), leader->comm);
}

/* The sender of the signal that the calling process dies of. */
static __always_inline struct wire_sender sender__of(struct wire_process *process, int sig)
{
	struct wire_sender none = {};
	struct senders *kept;
	u32 tgid = current_tgid();

	if (sig <= 0 || sig > LAST_SIGNAL)
		return none;
	kept = bpf_map_lookup_elem(&senders, &tgid);
	if (!kept || kept->start_ns != process->start_ns)
		return none;
	return kept->of[(sig - 1) & (LAST_SIGNAL - 1)];
}

static __always_inline void sender__forget(void)
{
	u32 tgid = current_tgid();

	bpf_map_delete_elem(&senders, &tgid);
}

#endif /* TTLOG_SENDER_BPF_H */
