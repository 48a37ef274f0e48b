/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dir_calls.h"
#include "out_dir.h"

#define GROUP_MODE   0750
#define PRIVATE_MODE 0700

/* mkdir -p, the last part private. */
static int make(const char *dir)
{
	char path[PATH_MAX];
	size_t len = strlen(dir);

	if (len == 0 || len >= sizeof(path))
		return -ENAMETOOLONG;
	memcpy(path, dir, len + 1);
	for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(path, 0755) && errno != EEXIST)
			return -errno;
		*slash = '/';
	}
	return mkdir(path, PRIVATE_MODE) && errno != EEXIST ? -errno : 0;
}

static bool is_safe(const struct stat *st)
{
	return (st->st_uid == geteuid() || st->st_uid == 0) && !(st->st_mode & (S_IWGRP | S_IWOTH));
}

/* First it is taken from the group that had it, so that this one never has more than 0750. */
static int share(int fd, gid_t group)
{
	struct stat st;

	if (fstat(fd, &st))
		return -errno;
	if (!is_safe(&st))
		return -EPERM;
	if (st.st_gid == group && (st.st_mode & 07777) == GROUP_MODE)
		return 0;
	if (fchmod(fd, PRIVATE_MODE) || fchown(fd, (uid_t)-1, group) || fchmod(fd, GROUP_MODE))
		return -errno;
	return 0;
}

static int open_made(const char *path, gid_t group)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), err = 0;

	if (fd < 0)
		return -errno;
	if (group != OUT_DIR_NO_GROUP)
		err = share(fd, group);
	if (!err && faccessat(fd, ".", W_OK, AT_EACCESS))
		err = -errno;
	if (!err)
		return fd;
	(void)close(fd);
	return err;
}

int out_dir__open_here(const char *path, gid_t group, char *ret_path)
{
	int err = make(path), fd;

	fd = err ? err : open_made(path, group);
	if (fd < 0 || realpath(path, ret_path))
		return fd;
	err = -errno;
	(void)close(fd);
	return err;
}

int out_dir__open(const char *path, gid_t group, char *ret_path)
{
	const struct dir_calls *calls = dir_calls__used();

	return calls->open_dir ? calls->open_dir(path, group, ret_path)
			       : out_dir__open_here(path, group, ret_path);
}

static bool is_same(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* No other user may have put it there; what others could do in the old one, they may do here. */
static bool is_as_safe(const struct stat *fresh, const struct stat *old)
{
	const mode_t others = S_IWGRP | S_IWOTH;

	return (fresh->st_uid == old->st_uid || fresh->st_uid == geteuid() || !fresh->st_uid) &&
	       !(fresh->st_mode & others & ~old->st_mode);
}

static int check_new(int fd, int fresh)
{
	struct stat fresh_st, old;

	if (fstat(fresh, &fresh_st) || fstat(fd, &old))
		return -errno;
	return is_as_safe(&fresh_st, &old) ? 0 : -EPERM;
}

int out_dir__find_new(const char *path, gid_t group, int fd, int *ret_fd)
{
	struct stat there, ours;
	int fresh, err;

	if (!stat(path, &there)) {
		if (!fstat(fd, &ours) && is_same(&there, &ours))
			return -EALREADY;
	} else if (errno != ENOENT) {
		/* a path that can't be looked at says nothing about the directory */
		return -EALREADY;
	} else if (mkdir(path, PRIVATE_MODE) && errno != EEXIST) {
		return -errno;
	}
	fresh = open_made(path, group);
	if (fresh < 0)
		return fresh;
	err = check_new(fd, fresh);
	if (err)
		(void)close(fresh);
	else
		*ret_fd = fresh;
	return err;
}

int out_dir__refresh(const char *path, gid_t group, int fd)
{
	const struct dir_calls *calls = dir_calls__used();
	int fresh, err;

	err = calls->find_new ? calls->find_new(path, group, fd, &fresh)
			      : out_dir__find_new(path, group, fd, &fresh);
	if (err)
		return err == -EALREADY ? 0 : err;
	if (dup3(fresh, fd, O_CLOEXEC) < 0)
		err = -errno;
	(void)close(fresh);
	return err;
}
