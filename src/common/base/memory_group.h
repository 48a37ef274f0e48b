/* SPDX-License-Identifier: MIT */
/*
 * The memory cgroups of this process. The kernel kills a process that takes more than they have
 * left, and never reclaims what lies on a tmpfs, as rings do.
 */
#ifndef TTLOG_MEMORY_GROUP_H
#define TTLOG_MEMORY_GROUP_H

#include <stdint.h>

/*
 * How much the fullest of them has left; UINT64_MAX: no limit. Inactive cached files count as free.
 * `cgroups` is /proc/self/cgroup, `root` /sys/fs/cgroup: v2, or v1 with a hierarchy named memory.
 */
uint64_t memory_group__left_bytes(const char *cgroups, const char *root);

/* The same with these two paths. */
uint64_t memory_group__own_left_bytes(void);

#endif /* TTLOG_MEMORY_GROUP_H */
