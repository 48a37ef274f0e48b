/* SPDX-License-Identifier: MIT */
/*
 * The facts about a thread in /proc: the same as in the kernel's messages, for threads that have
 * sent none.
 */
#ifndef TTLOG_PROC_THREAD_H
#define TTLOG_PROC_THREAD_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

struct proc_thread {
	uint32_t ns_tgid, ns_tid; /* in its own pid namespace */
	uint32_t uid;
	char comm[16]; /* padded with zeros */
};

/* The path of the file that the process runs, as readlink(2) of /proc/PID/exe. */
bool proc_thread__read_exe(uint32_t pid, char ret[PATH_MAX]);
/* That file, also if it was deleted. A descriptor or -errno. */
int proc_thread__open_exe(uint32_t pid);

/* The process of a thread; 0 if there is no such thread, or if it can't be read. */
uint32_t proc_thread__pid(uint32_t tid);

/* 0 or -errno. */
int proc_thread__read(uint32_t pid, uint32_t tid, struct proc_thread *ret);
/* Only its name, at a fraction of the cost. */
int proc_thread__read_comm(uint32_t pid, uint32_t tid, char ret[16]);
/* The number of a process's cgroup (v2); 0 if it can't be read. */
uint64_t proc_thread__read_cgroup(uint32_t pid);

#endif /* TTLOG_PROC_THREAD_H */
