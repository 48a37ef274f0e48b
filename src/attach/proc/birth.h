/* SPDX-License-Identifier: MIT */
/*
 * When a process began, as /proc has it: tells it from another one that has its number later.
 */
#ifndef TTLOG_BIRTH_H
#define TTLOG_BIRTH_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Nanoseconds since boot, to the 10 ms; 0 where there is no such process. */
uint64_t birth__read_ns(pid_t pid);
/* Whether both are the same moment, one of them maybe not so exact. */
bool birth__is_same(uint64_t a_ns, uint64_t b_ns);
/* Whether the process with that number began then: start_ns may be more exact than we can read. */
bool birth__is(pid_t pid, uint64_t start_ns);

/* As /proc/PID/stat has it: hundredths of a second. */
uint64_t birth__ticks(uint64_t start_ns);

#endif /* TTLOG_BIRTH_H */
