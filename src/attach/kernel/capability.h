/* SPDX-License-Identifier: MIT */
/*
 * The features that this kernel and these privileges allow. If possible, each is really tried, on
 * this process itself, and leaves nothing behind.
 *
 * Functions with an int result return 0 if the feature works, else -errno of the first step that
 * failed.
 */
#ifndef TTLOG_CAPABILITY_H
#define TTLOG_CAPABILITY_H

#include <stdbool.h>
#include <stdint.h>

/* One link for all sites of a file, with reference counters (6.6). Else each site needs a perf
 * event. */
bool capability__uprobe_multi(void);
/*
 * Such a link for one process is hit in all its threads. -ENOTSUP: only in the first one, as on 6.6
 * to 6.9 (commit 46ba0e49b642).
 */
int capability__multi_threads(void);
/* Tracepoint sched_prepare_exec (6.10). */
bool capability__prepare_exec(void);
/* Whether memory is alive at sched_process_exit (6.16). */
bool capability__exit_memory(void);
/* What a trap at a probe costs a program, by hits in this thread; the smallest of some. 0: it can't be
 * measured. */
uint64_t capability__trap_ns(void);
/* A kprobe on that function of the kernel, for kernels without the features above. */
int capability__kprobe(const char *function);
/* Whether the kernel's BTF knows a tracepoint of that name. */
bool capability__tracepoint(const char *name);

/*
 * The kernel's messages have pids and times of the initial namespaces. Returns "PID" or "time" if
 * we are in another such namespace; NULL: neither.
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
/* ...and one that raises a semaphore. -ENOTSUP: the kernel accepts it, but does not raise it. */
int capability__semaphore(void);

/* A process can give up the system calls that it does not need. */
int capability__seccomp(void);

/* Whether the effective set has this capability; number: CAP_*. */
bool capability__has(unsigned int number);

#endif /* TTLOG_CAPABILITY_H */
