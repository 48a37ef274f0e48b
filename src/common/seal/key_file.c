/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "key_file.h"

static int refuse(char *ret_why, size_t why_size, const char *path, const char *why)
{
	(void)snprintf(ret_why, why_size, "%s: %s", path, why);
	return -EINVAL;
}

static const char *unsafe(const struct stat *st, mode_t refused)
{
	if (!S_ISREG(st->st_mode))
		return "it is no regular file";
	if (st->st_uid != geteuid() && st->st_uid != 0)
		return "it belongs to another user";
	if (st->st_mode & refused & (S_IRGRP | S_IROTH))
		return "others can read it, and it must be secret: chmod 600";
	if (st->st_mode & refused)
		return "others can write to it: chmod go-w";
	if (st->st_size >= KEY_FILE_MAX_BYTES)
		return "it is larger than 64 KiB, and so no file of keys";
	return NULL;
}

static int read_all(int fd, char *to, size_t *ret_len)
{
	size_t len = 0;

	while (len < KEY_FILE_MAX_BYTES) {
		const ssize_t got = read(fd, to + len, KEY_FILE_MAX_BYTES - len);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (!got)
			break;
		len += (size_t)got;
	}
	*ret_len = len;
	return 0;
}

int key_file__read(const char *path, mode_t refused, char ret_text[KEY_FILE_MAX_BYTES],
		   size_t *ret_len, char *ret_why, size_t why_size)
{
	/* O_NONBLOCK: opening a FIFO would wait */
	const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	const char *why;
	struct stat st;
	int err;

	if (fd < 0)
		return refuse(ret_why, why_size, path, strerror(errno));
	why = fstat(fd, &st) ? strerror(errno) : unsafe(&st, refused);
	err = why ? 0 : read_all(fd, ret_text, ret_len);
	(void)close(fd);
	if (err)
		why = strerror(-err);
	return why ? refuse(ret_why, why_size, path, why) : 0;
}

int key_file__write(const char *path, const char *text, char *ret_why, size_t why_size)
{
	const int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	const size_t len = strlen(text);
	bool is_written;
	int err;

	if (fd < 0)
		return refuse(ret_why, why_size, path,
			      errno == EEXIST ? "there is a file already, which stays as it is"
					      : strerror(errno));
	errno = 0;
	is_written = !fchmod(fd, 0600) && write(fd, text, len) == (ssize_t)len && !fsync(fd);
	err = errno ? errno : ENOSPC;
	(void)close(fd);
	if (is_written)
		return 0;
	(void)unlink(path);
	return refuse(ret_why, why_size, path, strerror(err));
}
