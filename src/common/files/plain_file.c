/* SPDX-License-Identifier: MIT */
/*
 * O_PATH looks at a file without opening it. That file can't be replaced between look and opening.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "plain_file.h"

int plain_file__reopen(int path_fd)
{
	char path[32];
	struct stat st;
	int fd;

	if (fstat(path_fd, &st))
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -ENODEV;
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", path_fd);
	/* O_NONBLOCK: another process may hold a lease on it */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	return fd < 0 ? -errno : fd;
}

int plain_file__open(const char *path)
{
	int path_fd = open(path, O_PATH | O_CLOEXEC), fd;

	if (path_fd < 0)
		return -errno;
	fd = plain_file__reopen(path_fd);
	(void)close(path_fd);
	return fd;
}
