/* SPDX-License-Identifier: MIT */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "out_name.h"
#include "shipped_dir.h"
#include "shipped_marks.h"

int shipped_marks__open(const char *state)
{
	char path[PATH_MAX];
	int fd;

	if (snprintf(path, sizeof(path), "%s/" SHIPPED_DIR, state) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	if (mkdir(path, 0700) && errno != EEXIST)
		return -errno;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int shipped_marks__forget_gone(int marks_fd, int spool_fd)
{
	const int fd = openat(marks_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;
	struct stat status;
	int err;

	if (!dir)
		return -errno;
	for (errno = 0; (entry = readdir(dir)) != NULL; errno = 0) {
		if (out_name__kind(entry->d_name) == OUT_NAME_FILE &&
		    fstatat(spool_fd, entry->d_name, &status, AT_SYMLINK_NOFOLLOW) &&
		    errno == ENOENT)
			(void)unlinkat(marks_fd, entry->d_name, 0);
	}
	err = -errno;
	(void)closedir(dir);
	return err;
}

int shipped_marks__set(int marks_fd, const char *name, bool is_shipped)
{
	int fd;

	if (!is_shipped)
		return unlinkat(marks_fd, name, 0) && errno != ENOENT ? -errno : 0;
	fd = openat(marks_fd, name, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	(void)close(fd);
	return 0;
}
