/* SPDX-License-Identifier: MIT */
/*
 * What /proc says of a thread: what the kernel stamps on its messages, for those who have sent
 * none.
 */
#ifndef TTLOG_TASK_H
#define TTLOG_TASK_H

#include <stdbool.h>
#include <stdint.h>

struct task {
	uint32_t ns_tgid, ns_tid; /* as its own pid namespace has them */
	uint32_t uid;
	char comm[16]; /* with zeroes behind it */
};

/* Whether its memory is still there, as far as we may look. */
bool task__has_memory(uint32_t tid);
/* A thread of the process that has its memory still: the one to ask for what belongs to all of them.
 * pid itself but where main called pthread_exit(), or where there is none. */
uint32_t task__living(uint32_t pid);

/* The process that it is a thread of, itself included; 0 where there is none, or that can't be told. */
uint32_t task__process(uint32_t tid);

/* 0 or -errno: there is no such thread. */
int task__read(uint32_t pid, uint32_t tid, struct task *ret);
/* Only its name, which costs a fraction of that. */
int task__read_comm(uint32_t pid, uint32_t tid, char ret[16]);
/* The number of a process's cgroup (v2); 0 where that can't be told. */
uint64_t task__read_cgroup(uint32_t pid);

#endif /* TTLOG_TASK_H */
