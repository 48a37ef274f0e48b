/* SPDX-License-Identifier: MIT */
/*
 * Links of a BPF program to places in a file, of which kernel.h tells: one link of all places where the
 * kernel has uprobe_multi, else a perf event for each.
 */
#ifndef TTLOG_KERNEL_LINK_H
#define TTLOG_KERNEL_LINK_H

#include "kernel.h"

/* Kernel headers of Debian 12 are older than this (include/uapi/linux/bpf.h, 6.6). */
#define ATTACH_TYPE_UPROBE_MULTI 48

/* As kernel__link(). */
struct kernel_link *kernel_link__multi(int prog_fd, const struct kernel_places *places,
				       uint64_t cookie, pid_t pid);
struct kernel_link *kernel_link__events(int prog_fd, const struct kernel_places *places,
					uint64_t cookie, pid_t pid);

#endif /* TTLOG_KERNEL_LINK_H */
