/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "out_name.h"
#include "out_guard.h"

#define ATTRIBUTES   "user.ttlog."
#define PRIVATE_MODE 0600

/* ---- which directory ---- */

struct place {
	dev_t dev;
	ino_t ino;
};

/* The recorder keeps it open, so its inode has no other directory. */
static struct {
	pthread_mutex_t lock;
	bool is_known, was_opened;
	struct place now, before;
	char path[PATH_MAX]; /* from the root */
} dir = { .lock = PTHREAD_MUTEX_INITIALIZER };

static bool is_at(const struct place *place, const struct stat *st)
{
	return place->dev == st->st_dev && place->ino == st->st_ino;
}

/* With the lock. */
static int set(const char *path, const struct stat *st)
{
	if (!S_ISDIR(st->st_mode))
		return -ENOTDIR;
	if (strlen(path) >= sizeof(dir.path))
		return -ENAMETOOLONG;
	(void)strcpy(dir.path, path);
	dir.before = dir.is_known ? dir.now : (struct place){ st->st_dev, st->st_ino };
	dir.now = (struct place){ st->st_dev, st->st_ino };
	dir.is_known = true;
	return 0;
}

bool out_guard__may_open_dir(void)
{
	bool may;

	(void)pthread_mutex_lock(&dir.lock);
	may = !dir.was_opened;
	(void)pthread_mutex_unlock(&dir.lock);
	return may;
}

int out_guard__set_dir(const char *path, int fd)
{
	struct stat st;
	int err;

	if (fstat(fd, &st))
		return -errno;
	(void)pthread_mutex_lock(&dir.lock);
	err = set(path, &st);
	if (!err)
		dir.was_opened = true;
	(void)pthread_mutex_unlock(&dir.lock);
	return err;
}

void out_guard__path(char *ret)
{
	(void)pthread_mutex_lock(&dir.lock);
	(void)strcpy(ret, dir.path);
	(void)pthread_mutex_unlock(&dir.lock);
}

/* The recorder opened it before there was a broker. With the lock. */
static int learn(const char *path)
{
	char real[PATH_MAX];
	struct stat st;

	if (!path)
		return -EPERM;
	if (!realpath(path, real) || stat(real, &st))
		return -errno;
	return set(real, &st);
}

int out_guard__check_dir(const char *path, int fd)
{
	struct stat st;
	int err;

	if (fstat(fd, &st))
		return -errno;
	(void)pthread_mutex_lock(&dir.lock);
	err = dir.is_known ? 0 : learn(path);
	if (!err && !is_at(&dir.now, &st) && !is_at(&dir.before, &st))
		err = -EPERM;
	(void)pthread_mutex_unlock(&dir.lock);
	return err;
}

/* ---- files ---- */

int out_guard__check_name(const char *name)
{
	return out_name__kind(name) == OUT_NAME_FOREIGN ? -EPERM : 0;
}

static int look_at_writable(int fd, struct stat *ret)
{
	const int flags = fcntl(fd, F_GETFL), access = flags & O_ACCMODE;

	if (flags < 0 || fstat(fd, ret))
		return -errno;
	return S_ISREG(ret->st_mode) && (access == O_RDWR || access == O_WRONLY) ? 0 : -EPERM;
}

int out_guard__check_own(int fd)
{
	struct stat st = { 0 };
	int err = look_at_writable(fd, &st);

	if (!err && (st.st_uid != geteuid() || st.st_nlink > 1))
		err = -EPERM;
	return err;
}

int out_guard__check_unnamed(int fd)
{
	struct stat st = { 0 };
	int err = look_at_writable(fd, &st);

	return !err && st.st_nlink ? -EPERM : err;
}

int out_guard__check_attribute(const char *path, int fd, const char *name)
{
	struct stat st;

	if (strncmp(name, ATTRIBUTES, strlen(ATTRIBUTES)) != 0)
		return -EPERM;
	return out_guard__check_dir(path, fd) == 0 ? 0 : look_at_writable(fd, &st);
}

/* It can't be replaced between look and opening. */
static int reopen(int path_fd, int flags)
{
	char path[32];
	struct stat st;
	int fd;

	if (fstat(path_fd, &st))
		return -errno;
	if (S_ISLNK(st.st_mode))
		return -ELOOP;
	if (!S_ISREG(st.st_mode) || ((flags & O_ACCMODE) != O_RDONLY && st.st_nlink != 1))
		return -ENODEV;
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", path_fd);
	fd = open(path, (flags & O_ACCMODE) | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int open_old(int dir_fd, const char *name, int flags)
{
	const int allowed = O_ACCMODE | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
	int path_fd, fd;

	if (flags & ~allowed ||
	    ((flags & O_ACCMODE) != O_RDONLY && out_name__kind(name) != OUT_NAME_PART))
		return -EPERM;
	path_fd = openat(dir_fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (path_fd < 0)
		return -errno;
	fd = reopen(path_fd, flags);
	(void)close(path_fd);
	return fd;
}

static bool may_make(int flags, mode_t mode)
{
	const int allowed = O_ACCMODE | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;

	return (flags & O_EXCL) && !(flags & ~allowed) && !(mode & ~(mode_t)PRIVATE_MODE);
}

int out_guard__open(int dir_fd, const char *name, int flags, mode_t mode)
{
	const int unnamed = O_TMPFILE | O_RDWR | O_CLOEXEC;
	int fd;

	if (strcmp(name, ".") == 0) {
		if (flags != (O_RDONLY | O_DIRECTORY | O_CLOEXEC) &&
		    (flags != unnamed || mode & ~(mode_t)PRIVATE_MODE))
			return -EPERM;
	} else if (out_guard__check_name(name)) {
		return -EPERM;
	} else if (!(flags & O_CREAT)) {
		return open_old(dir_fd, name, flags);
	} else if (!may_make(flags, mode)) {
		return -EPERM;
	}
	fd = openat(dir_fd, name, flags, mode);
	return fd < 0 ? -errno : fd;
}
