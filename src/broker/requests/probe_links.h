/* SPDX-License-Identifier: MIT */
/*
 * Links of BPF programs to places in files (uprobes), and the kernel's reports of mappings. The
 * descriptors belong to the recorder: when it ends, in whatever way, the kernel removes the probes.
 */
#ifndef TTLOG_PROBE_LINKS_H
#define TTLOG_PROBE_LINKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct broker_result;
struct broker_task;

/* Kernel headers of Debian 12 are older than this (include/uapi/linux/bpf.h, 6.6). */
#define ATTACH_TYPE_UPROBE_MULTI 48

/* Places in one file, as file offsets. */
struct kernel_places {
	int fd; /* the file; the caller owns it */
	const unsigned long *offsets;
	const unsigned long *semaphores; /* NULL: there are none; 0: that place has none */
	const unsigned long *cookies;    /* of each; NULL: all have that of the call */
	size_t cnt;
};

/* One link for all places (uprobe_multi). cookie: given to the program. pid: the process, 0: all. A
 * descriptor or -errno. */
int probe_links__link_all(int program, const struct kernel_places *places, uint64_t cookie,
			  pid_t pid);
/* A perf event of that type for one of the places. A descriptor of the link, or -errno. */
int probe_links__link_one(int program, int type, const struct kernel_places *places, size_t i,
			  uint64_t cookie, pid_t pid);
/* A perf event that reports each mapping of code on a CPU. A descriptor or -errno; -ENODEV: the CPU
 * is off. buffer_bytes: wakes when it is full. */
int probe_links__open_cpu(int cpu, uint32_t buffer_bytes);

/* The broker's side. */
int probe_links__serve_all(const struct broker_task *task, struct broker_result *ret);
int probe_links__serve_one(const struct broker_task *task, struct broker_result *ret);
int probe_links__serve_cpu(const struct broker_task *task, struct broker_result *ret);

#endif /* TTLOG_PROBE_LINKS_H */
