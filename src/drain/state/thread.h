/* SPDX-License-Identifier: MIT */
/* A recorded thread: its numbers and its name. */
#ifndef TTLOG_THREAD_H
#define TTLOG_THREAD_H

#include <stdint.h>

/* The journal has this struct. */
struct thread {
	uint32_t pid, tid;       /* in the initial pid namespace */
	uint32_t ns_pid, ns_tid; /* in its own; 0: unknown, or the same */
	char comm[16];
};

#endif /* TTLOG_THREAD_H */
