/* SPDX-License-Identifier: MIT */
/*
 * The memory cgroups that this process is in: who takes more than they have left is killed, and what
 * lies on a tmpfs, as rings do, is never taken away from them.
 */
#ifndef TTLOG_MEMORY_GROUP_H
#define TTLOG_MEMORY_GROUP_H

#include <stdint.h>

/*
 * How much the fullest of them has left, UINT64_MAX: as much as the machine has. Cached files count as
 * left where the kernel calls them inactive. `cgroups` is /proc/self/cgroup, `root` /sys/fs/cgroup: v2,
 * or v1 with a hierarchy named memory.
 */
uint64_t memory_group__left_bytes(const char *cgroups, const char *root);

/* Of these two. */
uint64_t memory_group__own_left_bytes(void);

#endif /* TTLOG_MEMORY_GROUP_H */
