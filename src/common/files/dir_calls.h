/* SPDX-License-Identifier: MIT */
/*
 * The system calls that name something in the directory that files go to, or that change who may
 * read there. The recorder has no right to them: it installs others, which ask its broker
 * (src/broker/output_dir.h). Calls on an open file are not among them.
 *
 * Each is as its system call: -1 with errno on failure. Any thread.
 */
#ifndef TTLOG_DIR_CALLS_H
#define TTLOG_DIR_CALLS_H

#include <stddef.h>
#include <sys/types.h>

struct stat;

struct dir_calls {
	int (*open)(int dir_fd, const char *name, int flags, mode_t mode);
	int (*look)(int dir_fd, const char *name, struct stat *ret);
	int (*unlink)(int dir_fd, const char *name);
	int (*link)(int dir_fd, const char *from, const char *to);
	int (*link_unnamed)(int dir_fd, int fd, const char *name);
	int (*rename)(int dir_fd, const char *from, const char *to, unsigned flags);
	int (*set_attribute)(int fd, const char *name, const void *value, size_t bytes);
	int (*share)(int fd, gid_t group);
	/* As out_dir__open() and out_dir__find_new(); NULL: out_dir.c does it. */
	int (*open_dir)(const char *path, gid_t group, char *ret_path);
	int (*find_new)(const char *path, gid_t group, int fd, int *ret_fd);
};

/* The system calls. */
extern const struct dir_calls dir_calls__plain;
/* Those of the wrappers below. */
const struct dir_calls *dir_calls__used(void);
/* Before there are threads that use them; calls stays the caller's. */
void dir_calls__use(const struct dir_calls *calls);

/* Always with O_CLOEXEC. */
int dir_calls__open(int dir_fd, const char *name, int flags, mode_t mode);
/* fstatat(), of a link itself. */
int dir_calls__look(int dir_fd, const char *name, struct stat *ret);
int dir_calls__unlink(int dir_fd, const char *name);
/* Both in that directory. */
int dir_calls__link(int dir_fd, const char *from, const char *to);
/* A file of O_TMPFILE. */
int dir_calls__link_unnamed(int dir_fd, int fd, const char *name);
/* Both in that directory; flags: as renameat2(). */
int dir_calls__rename(int dir_fd, const char *from, const char *to, unsigned flags);
/* fsetxattr(), of a file or of the directory. */
int dir_calls__set_attribute(int fd, const char *name, const void *value, size_t bytes);
/* Gives a file to the group, which may read it: mode 0640. */
int dir_calls__share(int fd, gid_t group);

#endif /* TTLOG_DIR_CALLS_H */
