/* SPDX-License-Identifier: MIT */
/*
 * The facts about a thread in /proc: the same as in the kernel's messages, for threads that have
 * sent none.
 */
#ifndef TTLOG_PROC_THREAD_H
#define TTLOG_PROC_THREAD_H

#include <stdbool.h>
#include <stdint.h>

struct proc_thread {
	uint32_t ns_tgid, ns_tid; /* in its own pid namespace */
	uint32_t uid;
	char comm[16]; /* padded with zeros */
};

/* Whether it still has memory, and we may read its maps. */
bool proc_thread__has_memory(uint32_t tid);
/* A thread of the process that still has memory, to ask for what all threads share. It is pid
 * itself, unless main has called pthread_exit(); also pid if there is none. */
uint32_t proc_thread__living(uint32_t pid);

/* /proc/PID/exe of a thread of the process that still has memory. */
void proc_thread__exe_link(uint32_t pid, char ret[32]);

/* The process of a thread; 0 if there is no such thread, or if it can't be read. */
uint32_t proc_thread__pid(uint32_t tid);

/* 0 or -errno. */
int proc_thread__read(uint32_t pid, uint32_t tid, struct proc_thread *ret);
/* Only its name, at a fraction of the cost. */
int proc_thread__read_comm(uint32_t pid, uint32_t tid, char ret[16]);
/* The number of a process's cgroup (v2); 0 if it can't be read. */
uint64_t proc_thread__read_cgroup(uint32_t pid);

#endif /* TTLOG_PROC_THREAD_H */
