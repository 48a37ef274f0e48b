/* SPDX-License-Identifier: MIT */
/*
 * One breakpoint in a thread that the calling thread traces, by the processor's debug registers.
 *
 * No byte of the process is changed: a trap instruction in its memory would be swallowed where a
 * uprobe has its own at the same place, as the collector's own on the dynamic linker. And it is a
 * perf event with a signal that nobody minds, not what ptrace(2) writes into the registers: that
 * stays when the tracer is killed, and its SIGTRAP would kill the process. This goes with the
 * descriptor, and where it is hit before that, or its stop is let go by our death, the signal is
 * ignored.
 *
 * All calls need the thread in a ptrace stop, and return -ESRCH when it died meanwhile.
 */
#ifndef TTLOG_BREAKPOINT_H
#define TTLOG_BREAKPOINT_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* A descriptor to close: then it is gone. -errno where the machine has none to give. It does not
 * survive an exec. */
int breakpoint__open(pid_t tid, uint64_t address);

/* Ignored by default; a stop for who is traced. */
#define BREAKPOINT_SIGNAL SIGURG

/* Whether a stop by that signal is the breakpoint's: the instruction at address comes next. */
bool breakpoint__was_hit(pid_t tid, uint64_t address);

/* At a function's first instruction: where it will return to. 0 or -errno. */
int breakpoint__return_address(pid_t tid, uint64_t *ret_address);

#endif /* TTLOG_BREAKPOINT_H */
