/* SPDX-License-Identifier: MIT */
/*
 * What /proc says of a thread: what the kernel stamps on its messages, for those who have sent
 * none.
 */
#ifndef TTLOG_TASK_H
#define TTLOG_TASK_H

#include <stdint.h>

struct task {
	uint32_t ns_tgid, ns_tid; /* as its own pid namespace has them */
	uint32_t uid;
	char comm[16]; /* with zeroes behind it */
};

/* 0 or -errno: there is no such thread. */
int task__read(uint32_t pid, uint32_t tid, struct task *ret);
/* Only its name, which costs a fraction of that. */
int task__read_comm(uint32_t pid, uint32_t tid, char ret[16]);
/* The number of a process's cgroup (v2); 0 where that can't be told. */
uint64_t task__read_cgroup(uint32_t pid);

#endif /* TTLOG_TASK_H */
