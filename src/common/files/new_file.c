/* SPDX-License-Identifier: MIT */
/*
 * Uses O_TMPFILE and linkat() if the file system has them, else a hidden name that is renamed. It
 * never replaces another file; file systems have different ways for that.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dir_calls.h"
#include "new_file.h"

#define MODE 0600

static int open_unnamed(int dir_fd)
{
	int fd = dir_calls__open(dir_fd, ".", O_TMPFILE | O_RDWR, MODE);

	return fd < 0 ? -errno : fd;
}

static int open_hidden(struct new_file *file)
{
	uint64_t number = 0;
	int fd;

	/* the name must only be free, which O_EXCL ensures */
	(void)getrandom(&number, sizeof(number), GRND_NONBLOCK);
	(void)snprintf(file->hidden_name, sizeof(file->hidden_name), ".ttlog-%ld-%016llx.tmp",
		       (long)getpid(), (unsigned long long)number);
	fd = dir_calls__open(file->dir_fd, file->hidden_name, O_RDWR | O_CREAT | O_EXCL, MODE);
	if (fd < 0) {
		file->hidden_name[0] = '\0';
		return -errno;
	}
	return fd;
}

/* Errors of openat(2) with O_TMPFILE: the file system or the kernel does not support it. */
static bool is_unsupported(int err)
{
	return err == -EOPNOTSUPP || err == -EISDIR || err == -EINVAL;
}

int new_file__open(struct new_file *file, int dir_fd, bool can_be_unnamed)
{
	int err, fd = can_be_unnamed ? open_unnamed(dir_fd) : -EOPNOTSUPP;

	*file = (struct new_file){ .dir_fd = dir_fd, .fd = -1 };
	if (fd < 0 && is_unsupported(fd))
		fd = open_hidden(file);
	if (fd < 0)
		return fd;
	file->fd = fd;
	/* the umask may have removed bits */
	if (fchmod(file->fd, MODE) < 0) {
		err = -errno;
		new_file__close(file);
		return err;
	}
	return 0;
}

int new_file__share(const struct new_file *file, gid_t group)
{
	return dir_calls__share(file->fd, group) ? -errno : 0;
}

static int sync_fd(int fd)
{
	/* EINVAL: this file system has nothing to synchronise. EROFS: it had an error, and takes
	 * nothing any more */
	return fsync(fd) < 0 && errno != EINVAL ? -errno : 0;
}

int new_file__sync(const struct new_file *file)
{
	return sync_fd(file->fd);
}

static int link_unnamed(const struct new_file *file, const char *name)
{
	return dir_calls__link_unnamed(file->dir_fd, file->fd, name) ? -errno : 0;
}

/* First makes an empty file of that name, which the rename may then replace. */
static int rename_over_own(int dir_fd, const char *from, const char *to)
{
	int fd = dir_calls__open(dir_fd, to, O_WRONLY | O_CREAT | O_EXCL, MODE), err;

	if (fd < 0)
		return -errno;
	(void)close(fd);
	if (dir_calls__rename(dir_fd, from, to, 0) == 0)
		return 0;
	err = -errno;
	(void)dir_calls__unlink(dir_fd, to);
	return err;
}

int new_file__rename(int dir_fd, const char *from, const char *to)
{
	if (dir_calls__rename(dir_fd, from, to, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return -errno;
	/* a file system without RENAME_NOREPLACE, such as NFS */
	if (dir_calls__link(dir_fd, from, to) == 0)
		return 0;
	/* and without hard links, such as exFAT and many FUSE file systems */
	return errno == EEXIST ? -EEXIST : rename_over_own(dir_fd, from, to);
}

int new_file__publish(struct new_file *file, const char *name)
{
	int err = file->hidden_name[0] ? new_file__rename(file->dir_fd, file->hidden_name, name)
				       : link_unnamed(file, name);

	if (err)
		return err;
	err = sync_fd(file->dir_fd);
	if (err)
		(void)dir_calls__unlink(file->dir_fd, name);
	return err;
}

void new_file__close(struct new_file *file)
{
	if (file->fd >= 0)
		(void)close(file->fd);
	file->fd = -1;
	if (file->hidden_name[0])
		(void)dir_calls__unlink(file->dir_fd, file->hidden_name);
	file->hidden_name[0] = '\0';
}
