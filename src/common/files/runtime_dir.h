/* SPDX-License-Identifier: MIT */
/*
 * The private directories of this user's collectors: where they listen, and where rings lie.
 *
 * Both are made where they don't exist (0700), and refused where they are someone else's.
 */
#ifndef TTLOG_RUNTIME_DIR_H
#define TTLOG_RUNTIME_DIR_H

#include <limits.h>
#include <stdbool.h>

/*
 * /run/ttlog for root, $XDG_RUNTIME_DIR/ttlog for others; where that can't be had,
 * $TMPDIR/ttlog-UID, or the same in /tmp. 0, or -errno of the last that was tried: -EPERM where it
 * is another user's, a symbolic link, or others may write to it.
 */
int runtime_dir__find(char ret_path[PATH_MAX]);

/*
 * The same where it lies on a tmpfs; else /dev/shm/ttlog-UID where that does: the kernel would
 * write a ring that is mapped from a disk back to it all the time. Else the same after all.
 */
int runtime_dir__find_for_rings(char ret_path[PATH_MAX]);

/* Whether what is written there stays in memory. */
bool runtime_dir__is_tmpfs(const char *path);

#endif /* TTLOG_RUNTIME_DIR_H */
