/* SPDX-License-Identifier: MIT */
/*
 * The private directories of this user's collectors: for their sockets, and for rings.
 *
 * Both are made if they don't exist (0700), and refused if they belong to another user.
 */
#ifndef TTLOG_RUNTIME_DIR_H
#define TTLOG_RUNTIME_DIR_H

#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

/*
 * /run/ttlog for root, $XDG_RUNTIME_DIR/ttlog for others; if that is not possible,
 * $TMPDIR/ttlog-UID, or the same in /tmp. 0, or -errno of the last one that was tried. -EPERM: it
 * belongs to another user, is a symbolic link, or others may write to it.
 */
int runtime_dir__find(char ret_path[PATH_MAX]);

/*
 * The same if it lies on a tmpfs; else /dev/shm/ttlog-UID if that does; else the same. The kernel
 * would write a ring that is mapped from a disk back to it all the time.
 */
int runtime_dir__find_for_rings(char ret_path[PATH_MAX]);

/* Root's directory there: members of the group `ttlog` may look into it and reach the sockets
 * (0750); what lies in it stays private. */
#define RUNTIME_DIR_SYSTEM "/run/ttlog"
int runtime_dir__share(const char *path, gid_t group);

/* Whether files there stay in memory. */
bool runtime_dir__is_tmpfs(const char *path);

#endif /* TTLOG_RUNTIME_DIR_H */
