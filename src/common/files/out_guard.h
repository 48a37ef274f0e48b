/* SPDX-License-Identifier: MIT */
/*
 * What a process that is not trusted may have done in the directory that files go to: what the
 * recorder does there, and nothing else (src/broker/output_dir.h). All return 0 or -errno; -EPERM: it
 * is not allowed. One directory a process. Any thread.
 */
#ifndef TTLOG_OUT_GUARD_H
#define TTLOG_OUT_GUARD_H

#include <stdbool.h>
#include <sys/types.h>

/* Once: later the directory is only found anew (out_dir.h), by what that asks of it. */
bool out_guard__may_open_dir(void);
/* It is the directory from now on. The one before still counts: another thread may have a request on
 * its way. path: from the root. */
int out_guard__set_dir(const char *path, int fd);
/* ret: room for PATH_MAX. */
void out_guard__path(char *ret);

/* That it is the directory. path: if none was set, the directory there is it; NULL: there is none. */
int out_guard__check_dir(const char *path, int fd);
/* That it is one of out_name.h. */
int out_guard__check_name(const char *name);
/* A regular file that is open for writing, for which the recorder has no way but this one; it is
 * ours and has one name at most. */
int out_guard__check_own(int fd);
/* The same, without a name. */
int out_guard__check_unnamed(int fd);
/* An attribute of ttlog, of the directory or of a file that is open for writing. */
int out_guard__check_attribute(const char *path, int fd, const char *name);
/*
 * A descriptor or -errno: -ELOOP: a link, -ENODEV: no regular file, or for writing one that has more
 * names. Names: ".", for a list of it or a file without a name; else as above. Writes to files
 * that were there only if they are segments that were left.
 */
int out_guard__open(int dir_fd, const char *name, int flags, mode_t mode);

#endif /* TTLOG_OUT_GUARD_H */
