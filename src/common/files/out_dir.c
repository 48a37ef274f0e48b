/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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

int out_dir__open(const char *path, gid_t group)
{
	int err = make(path), fd;

	if (err)
		return err;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
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

bool out_dir__is_at(const char *path, int fd)
{
	struct stat there, ours;

	return !stat(path, &there) && !fstat(fd, &ours) && there.st_dev == ours.st_dev &&
	       there.st_ino == ours.st_ino;
}
