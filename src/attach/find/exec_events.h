/* SPDX-License-Identifier: MIT */
/*
 * The kernel's reports of programs that processes execute (bpf/find.bpf.c). It reports a file until
 * the collector has set what it is.
 */
#ifndef TTLOG_EXEC_EVENTS_H
#define TTLOG_EXEC_EVENTS_H

#include <stdint.h>

#include "find_wire.h"

struct exec_events;

/* Loads the programs, and tries them on a file of this process. NULL with errno. */
struct exec_events *exec_events__new(void);
/* NULL is fine. */
void exec_events__free(struct exec_events *events);

/* Readable when there are reports. */
int exec_events__fd(const struct exec_events *events);
/* Calls take() for each report that is there. One thread. */
void exec_events__take(struct exec_events *events,
		       void (*take)(void *ctx, const struct find_message *message), void *ctx);
/* How many there were ever, and how many execs were not looked at, or not reported. */
uint64_t exec_events__report_cnt(const struct exec_events *events);
uint64_t exec_events__missed_cnt(const struct exec_events *events);

/* How the kernel knows the file that is open on fd. 0 or -errno. Any thread. */
int exec_events__identify(const struct exec_events *events, int fd, struct find_file *ret);
/* Any thread. The kernel may forget it, and report the file again. */
void exec_events__set(const struct exec_events *events, const struct find_file *file,
		      enum find_state state);
void exec_events__forget(const struct exec_events *events, const struct find_file *file);

#endif /* TTLOG_EXEC_EVENTS_H */
