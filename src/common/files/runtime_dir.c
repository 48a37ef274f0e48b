/* SPDX-License-Identifier: MIT */
/*
 * Finds and makes private directories in places where other users may have made them first.
 */
#include "runtime_dir.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#define SHARED_MODE 0750

/* runtime_dir__share() has done that. */
static bool is_shared(const struct stat *st)
{
	return !st->st_uid && (st->st_mode & 07777) == SHARED_MODE;
}

/* Checks that the directory is ours and was never writable for others; makes it private. */
static int check_private(int fd)
{
	struct stat st;

	if (fstat(fd, &st))
		return -errno;
	if (st.st_uid != geteuid() || st.st_mode & (S_IWGRP | S_IWOTH))
		return -EPERM;
	if ((st.st_mode & 07777) != 0700 && !is_shared(&st) && fchmod(fd, 0700))
		return -errno;
	return 0;
}

static int make_private(const char *path)
{
	int fd, err;

	if (mkdir(path, 0700) && errno != EEXIST)
		return -errno;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return errno == ELOOP || errno == ENOTDIR || errno == EACCES ? -EPERM : -errno;
	err = check_private(fd);
	close(fd);
	return err;
}

bool runtime_dir__is_tmpfs(const char *path)
{
	struct statfs fs;

	return !statfs(path, &fs) && fs.f_type == TMPFS_MAGIC;
}

/* parent/name, or parent/name-UID if users share the parent. */
static int try_in(const char *parent, bool shared, char ret_path[PATH_MAX])
{
	char path[PATH_MAX];
	int n, err;

	if (shared)
		n = snprintf(path, sizeof(path), "%s/ttlog-%u", parent, (unsigned)geteuid());
	else
		n = snprintf(path, sizeof(path), "%s/ttlog", parent);
	if (n < 0 || (size_t)n >= sizeof(path))
		return -ENAMETOOLONG;
	err = make_private(path);
	if (!err)
		memcpy(ret_path, path, (size_t)n + 1);
	return err;
}

static const char *absolute_env(const char *name)
{
	const char *value = getenv(name);

	return value && value[0] == '/' ? value : NULL;
}

int runtime_dir__find(char ret_path[PATH_MAX])
{
	const char *own = geteuid() ? absolute_env("XDG_RUNTIME_DIR") : "/run";
	const char *shared = absolute_env("TMPDIR");

	if (own && !try_in(own, false, ret_path))
		return 0;
	return try_in(shared ? shared : "/tmp", true, ret_path);
}

int runtime_dir__find_for_rings(char ret_path[PATH_MAX])
{
	int err = runtime_dir__find(ret_path);

	if (!err && runtime_dir__is_tmpfs(ret_path))
		return 0;
	if (runtime_dir__is_tmpfs("/dev/shm") && !try_in("/dev/shm", true, ret_path))
		return 0;
	return err;
}

int runtime_dir__share(const char *path, gid_t group)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), err;

	if (fd < 0)
		return -errno;
	err = check_private(fd);
	if (!err && (fchown(fd, (uid_t)-1, group) || fchmod(fd, SHARED_MODE)))
		err = -errno;
	close(fd);
	return err;
}
