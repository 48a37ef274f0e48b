/* SPDX-License-Identifier: MIT */
/*
 * What this kernel and these privileges allow. Each is tried for real where that is possible, on
 * this process itself, and leaves nothing behind.
 *
 * Those that return int give 0 where it works, else -errno of the first step that did not.
 */
#ifndef TTLOG_CAPABILITY_H
#define TTLOG_CAPABILITY_H

#include <stdbool.h>

/* One link for all sites of a file, with reference counters (6.6). Without: a perf event each. */
bool capability__uprobe_multi(void);
/*
 * Such a link for one process is hit in all of its threads: on 6.6 to 6.9 it is in the first alone
 * (commit 46ba0e49b642). -ENOTSUP where it is not.
 */
int capability__multi_threads(void);
/* Tracepoint sched_prepare_exec (6.10). */
bool capability__prepare_exec(void);
/* Whether memory is alive at sched_process_exit (6.16). */
bool capability__exit_memory(void);
/* A kprobe on that function of the kernel, where the above are missing. */
int capability__kprobe(const char *function);
/* Whether the kernel's BTF knows a tracepoint of that name. */
bool capability__tracepoint(const char *name);

/*
 * What the kernel tells of processes is in the numbers and the time of its first namespaces: "PID" or
 * "time", where ours are others; NULL for neither.
 */
const char *capability__foreign_namespace(void);

/* Type information of the running kernel can be read. */
int capability__btf(void);
/* bpf(2) makes a map. */
int capability__bpf(void);
int capability__ring_buffer(void);
/* A BPF program is loaded and attached to a BTF tracepoint. */
int capability__tracing(void);
/* A uprobe by perf_event_open(2) on our own program... */
int capability__uprobe(void);
/* ...and one that raises a semaphore: -ENOTSUP where it is accepted and does not. */
int capability__semaphore(void);

/* A process can give up all system calls that it does not need. */
int capability__seccomp(void);

/* Whether the effective set has it; number: CAP_*. */
bool capability__has(unsigned int number);

#endif /* TTLOG_CAPABILITY_H */
