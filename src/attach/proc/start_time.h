/* SPDX-License-Identifier: MIT */
/*
 * When a process started, as /proc has it: tells it from a later process with the same pid.
 */
#ifndef TTLOG_START_TIME_H
#define TTLOG_START_TIME_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Nanoseconds since boot, to the 10 ms; 0 where there is no such process. */
uint64_t start_time__read_ns(pid_t pid);
/* Whether both are the same time, compared as exactly as /proc has it. */
bool start_time__is_same(uint64_t a_ns, uint64_t b_ns);
/* Whether the process with that pid started then. start_ns may be more exact than /proc. */
bool start_time__is(pid_t pid, uint64_t start_ns);

/* As /proc/PID/stat has it: hundredths of a second. */
uint64_t start_time__ticks(uint64_t start_ns);

#endif /* TTLOG_START_TIME_H */
