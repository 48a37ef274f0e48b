/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "leftover.h"
#include "new_output.h"

/* The file that a path leads to, which need not exist; NULL with errno. */
static char *follow_links(const char *path)
{
	char *real = realpath(path, NULL);

	return real || errno != ENOENT ? real : strdup(path);
}

/* Whether /proc is there, which gives a file its name: a chroot may lack it. */
static bool can_be_named(void)
{
	return !access("/proc/self/fd", X_OK);
}

static int open_unnamed(const char *path, mode_t mode)
{
	char *copy = strdup(path);
	int fd;

	if (!copy)
		return -ENOMEM;
	fd = open(dirname(copy), O_TMPFILE | O_WRONLY | O_CLOEXEC, mode);
	if (fd < 0)
		fd = -errno;
	free(copy);
	return fd;
}

static int open_hidden(struct new_output *output, mode_t mode)
{
	char *hidden = leftover__hidden_name(output->path);
	int fd;

	if (!hidden)
		return -ENOMEM;
	leftover__hold();
	fd = mkostemp(hidden, O_CLOEXEC);
	if (fd < 0)
		fd = -errno;
	else
		leftover__note(hidden, -1);
	leftover__release();
	if (fd < 0) {
		free(hidden);
		return fd;
	}
	output->hidden = hidden;
	(void)fchmod(fd, mode);
	return fd;
}

/* The mode that open() would give it, or that of the old file. */
static mode_t mode_of(const struct stat *there)
{
	mode_t mask = umask(0);

	(void)umask(mask);
	return there ? there->st_mode & 07777 : 0666 & ~mask;
}

static int open_file(struct new_output *output, const struct stat *there, bool can_be_unnamed)
{
	mode_t mode = mode_of(there);
	int fd = can_be_unnamed && can_be_named() ? open_unnamed(output->path, mode) : -EOPNOTSUPP;

	if (fd == -EOPNOTSUPP || fd == -EISDIR || fd == -EINVAL)
		fd = open_hidden(output, mode);
	if (fd < 0)
		return fd;
	output->fd = fd;
	/* The new file gets the owner of the old one, if that is allowed. */
	if (there && (fchown(fd, there->st_uid, there->st_gid) || fchmod(fd, mode)))
		return errno == EPERM ? 0 : -errno;
	return 0;
}

int new_output__open(struct new_output *ret, const char *path, bool can_be_unnamed)
{
	struct new_output output = { .fd = -1 };
	struct stat there;
	bool is_there = !stat(path, &there);
	int err = 0;

	if (is_there && !S_ISREG(there.st_mode)) {
		output.fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
		err = output.fd < 0 ? -errno : 0;
	} else if (is_there && access(path, W_OK)) {
		err = -errno; /* a file that may not be written may not be replaced */
	} else {
		output.path = follow_links(path);
		err = output.path ? open_file(&output, is_there ? &there : NULL, can_be_unnamed)
				  : -errno;
	}
	if (err) {
		new_output__fini(&output);
		output = (struct new_output){ .fd = -1 };
	}
	*ret = output;
	return err;
}

/* link() replaces nothing, so the file first gets a hidden name, and then rename() gives it the
 * right one. Only mkostemp() finds a free name. */
static int name_it(struct new_output *output)
{
	const int written = output->fd;
	char from[64];
	int fd = open_hidden(output, 0600);

	if (fd < 0)
		return fd;
	close(fd);
	snprintf(from, sizeof(from), "/proc/self/fd/%d", written);
	(void)unlink(output->hidden);
	return linkat(AT_FDCWD, from, AT_FDCWD, output->hidden, AT_SYMLINK_FOLLOW) ? -errno : 0;
}

/* A network file system may report only at close() that there was no room: then the old file must
 * still exist. */
static int settle(int fd)
{
	const int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);

	return copy < 0 || close(copy) ? -errno : 0;
}

int new_output__publish(struct new_output *output)
{
	int err = output->path ? settle(output->fd) : 0;

	if (!err && output->path && !output->hidden)
		err = name_it(output);
	if (!err && output->path && rename(output->hidden, output->path))
		err = -errno;
	if (!err && output->path) {
		leftover__forget();
		free(output->hidden);
		output->hidden = NULL;
	}
	if (close(output->fd) && !err)
		err = -errno;
	output->fd = -1;
	return err;
}

void new_output__fini(struct new_output *output)
{
	if (output->hidden) {
		(void)unlink(output->hidden);
		leftover__forget();
	}
	if (output->fd >= 0)
		close(output->fd);
	free(output->hidden);
	free(output->path);
	*output = (struct new_output){ .fd = -1 };
}
