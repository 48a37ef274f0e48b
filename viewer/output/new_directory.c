/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "leftover.h"
#include "new_directory.h"

/* Gives it the mode that mkdir() would give; mkdtemp() makes it private. */
static int allow_others(int fd)
{
	mode_t mask = umask(0);

	(void)umask(mask);
	return fchmod(fd, 0777 & ~mask) ? -errno : 0;
}

/* The path without slashes at its end: with them, the hidden name would lie inside the
 * directory. */
static char *trimmed(const char *path)
{
	size_t len = strlen(path);

	while (len > 1 && path[len - 1] == '/')
		len--;
	return strndup(path, len);
}

static int make_hidden(struct new_directory *directory)
{
	char *hidden = leftover__hidden_name(directory->path);

	if (!hidden)
		return -ENOMEM;
	if (!mkdtemp(hidden)) {
		int err = -errno;

		free(hidden);
		return err;
	}
	directory->hidden = hidden;
	directory->fd = open(directory->hidden, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (directory->fd < 0)
		return -errno;
	leftover__note(directory->hidden, directory->fd);
	return allow_others(directory->fd);
}

int new_directory__make(struct new_directory *ret, const char *path)
{
	struct new_directory directory = { .path = trimmed(path), .fd = -1 };
	struct stat st;
	int err = directory.path ? 0 : -ENOMEM;

	/* Checked early: after hours of work it would be too late. */
	if (!err && !lstat(directory.path, &st))
		err = -EEXIST;
	leftover__hold();
	if (!err)
		err = make_hidden(&directory);
	leftover__release();
	if (err) {
		new_directory__fini(&directory);
		directory = (struct new_directory){ .fd = -1 };
	}
	*ret = directory;
	return err;
}

static int give_name(const struct new_directory *directory)
{
	int err =
		renameat2(AT_FDCWD, directory->hidden, AT_FDCWD, directory->path, RENAME_NOREPLACE)
			? -errno
			: 0;

	/* the file system does not know the flag: rename() replaces no directory but an empty
	 * one */
	if (err == -EINVAL)
		err = rename(directory->hidden, directory->path) ? -errno : 0;
	return err == -ENOTEMPTY ? -EEXIST : err;
}

int new_directory__publish(struct new_directory *directory)
{
	int err;

	/* No handler may remove the files after the directory has its name. */
	leftover__hold();
	err = give_name(directory);
	if (!err)
		leftover__forget();
	leftover__release();
	if (err)
		return err;
	free(directory->hidden);
	directory->hidden = NULL;
	return 0;
}

void new_directory__fini(struct new_directory *directory)
{
	if (directory->hidden) {
		if (directory->fd >= 0)
			leftover__remove_files(directory->fd);
		(void)rmdir(directory->hidden);
		leftover__forget();
	}
	if (directory->fd >= 0)
		close(directory->fd);
	free(directory->hidden);
	free(directory->path);
	*directory = (struct new_directory){ .fd = -1 };
}
