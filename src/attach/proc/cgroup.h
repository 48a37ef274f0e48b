/* SPDX-License-Identifier: MIT */
/*
 * Where a process is in the tree of control groups (version 2), and what its manager calls it.
 */
#ifndef TTLOG_CGROUP_H
#define TTLOG_CGROUP_H

#include <stdint.h>

#define CGROUP_PATH_BYTES 4096u
#define CGROUP_NAME_BYTES 256u

/* The path of the process's group from the root of version 2, as "/system.slice/cron.service". 0 or
 * -errno; -ENOENT: it is in none. */
int cgroup__read_path(uint32_t pid, char ret[CGROUP_PATH_BYTES]);

/* The systemd unit that a path is of: its last part that ends in .service, .scope, .socket, .mount or
 * .swap, else in .slice; with escapes of systemd as they are. "": none. */
void cgroup__unit(const char *path, char ret[CGROUP_NAME_BYTES]);
/* The id of the container that a path is of, 64 or 32 hexadecimal digits (Docker, Podman, containerd,
 * CRI-O), or the name of one of LXC or systemd-nspawn. "": none. */
void cgroup__container(const char *path, char ret[CGROUP_NAME_BYTES]);

#endif /* TTLOG_CGROUP_H */
