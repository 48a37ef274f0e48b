/* SPDX-License-Identifier: MIT */
/*
 * The directory that files go to, and who may read there. Files without a group are for their owner
 * alone: 0600 in a directory of 0700. With one, its members may read: 0640 in 0750.
 */
#ifndef TTLOG_OUT_DIR_H
#define TTLOG_OUT_DIR_H

#include <sys/types.h>

#define OUT_DIR_NO_GROUP ((gid_t)-1)

/*
 * Opens it, and makes it with its parents if it is not there. A directory that was there stays as
 * it is without a group. With one it gets that group and 0750, if it is ours or root's and others
 * may not write to it; else -EPERM. ret_path: its path from the root, room for PATH_MAX. A
 * descriptor or -errno.
 */
int out_dir__open(const char *path, gid_t group, char *ret_path);

/*
 * If the path leads to another directory than that of fd, fd is opened anew; if it leads nowhere,
 * the directory is made anew, but not its parents. -EPERM: another user owns it, or more users may
 * write to it than to the one before. -ENOENT: its parent is not there. On failure fd stays as it
 * is. Other threads may use fd meanwhile. 0 or -errno.
 */
int out_dir__refresh(const char *path, gid_t group, int fd);

/* ---- with the rights of this process, whatever is installed (dir_calls.h) ---- */

int out_dir__open_here(const char *path, gid_t group, char *ret_path);
/* The directory that is to take the place of fd: 0 and a descriptor, or -errno; -EALREADY: fd stays. */
int out_dir__find_new(const char *path, gid_t group, int fd, int *ret_fd);

#endif /* TTLOG_OUT_DIR_H */
