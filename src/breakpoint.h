/* SPDX-License-Identifier: MIT */
/*
 * One breakpoint in a thread that the calling thread traces, by the processor's debug registers.
 *
 * No byte of the process is changed: a trap instruction in its memory would be swallowed where a
 * uprobe has its own at the same place, as the collector's own on the dynamic linker.
 *
 * All calls need the thread in a ptrace stop, and return -ESRCH when it died meanwhile.
 */
#ifndef TTLOG_BREAKPOINT_H
#define TTLOG_BREAKPOINT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* In place of the one that was set before. -errno where the machine has none to give. */
int breakpoint__set(pid_t tid, uint64_t address);
int breakpoint__clear(pid_t tid);

/* Whether a stop by SIGTRAP is the breakpoint's: the instruction at address comes next. */
bool breakpoint__was_hit(pid_t tid, uint64_t address);

/* At a function's first instruction: where it will return to. 0 or -errno. */
int breakpoint__return_address(pid_t tid, uint64_t *ret_address);

#endif /* TTLOG_BREAKPOINT_H */
