/* SPDX-License-Identifier: MIT */
/*
 * When a process started, by /proc: it distinguishes processes with the same pid.
 */
#ifndef TTLOG_START_TIME_H
#define TTLOG_START_TIME_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Nanoseconds since boot, in steps of 10 ms; 0: there is no such process. */
uint64_t start_time__read_ns(pid_t pid);
/* Whether both are the same time, to the precision of /proc. */
bool start_time__is_same(uint64_t a_ns, uint64_t b_ns);
/* Whether the process with that pid started at start_ns, which may be more exact than /proc. */
bool start_time__is(pid_t pid, uint64_t start_ns);

/* In hundredths of a second, as in /proc/PID/stat. */
uint64_t start_time__ticks(uint64_t start_ns);

#endif /* TTLOG_START_TIME_H */
