/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "options.h"
#include "piped.h"

#define PIECE_BYTES (256u << 10)

static int write_all(int fd, const char *p, size_t len)
{
	while (len) {
		ssize_t done = write(fd, p, len);

		if (done < 0 && errno != EINTR)
			return -errno;
		p += done > 0 ? done : 0;
		len -= done > 0 ? (size_t)done : 0;
	}
	return 0;
}

/* The next bytes, or 0 at the end. Another process may have made the pipe non-blocking. */
static ssize_t read_piece(int fd, char *to)
{
	struct pollfd wait = { .fd = fd, .events = POLLIN };

	for (;;) {
		ssize_t got = read(fd, to, PIECE_BYTES);

		if (got >= 0)
			return got;
		if (errno == EAGAIN)
			(void)poll(&wait, 1, -1);
		else if (errno != EINTR)
			return -errno;
	}
}

static int copy(int from, int to)
{
	char *piece = malloc(PIECE_BYTES);
	uint64_t size = 0;
	ssize_t got;
	int err = piece ? 0 : -ENOMEM;

	while (!err && (got = read_piece(from, piece))) {
		size += got > 0 ? (uint64_t)got : 0;
		if (got < 0)
			err = (int)got;
		else if (size > PIPED_MAX_BYTES)
			err = -EFBIG;
		else
			err = write_all(to, piece, (size_t)got);
	}
	free(piece);
	return err;
}

/* Takes ownership of fd. */
static int read_whole(int fd, char *ret_why, size_t why_size)
{
	int memory = memfd_create("snapshot", MFD_CLOEXEC);
	int err = memory < 0 ? -errno : copy(fd, memory);

	(void)close(fd);
	if (!err)
		return memory;
	if (memory >= 0)
		(void)close(memory);
	if (err == -EFBIG)
		(void)snprintf(ret_why, why_size,
			       "more than %u MiB came through the pipe: write it into a file, and "
			       "name that",
			       (unsigned)(PIPED_MAX_BYTES >> 20));
	else
		(void)snprintf(ret_why, why_size, "%s", strerror(-err));
	errno = -err;
	return -1;
}

/* A pipe without a name was made for us. */
bool piped__is_meant(const char *path)
{
	struct statfs fs;
	struct stat st;

	return options__is_stdin(path) || (!stat(path, &st) && S_ISFIFO(st.st_mode) &&
					   !statfs(path, &fs) && fs.f_type == PIPEFS_MAGIC);
}

static int fail(int fd, int err, const char *words, char *ret_why, size_t why_size)
{
	if (fd >= 0)
		(void)close(fd);
	(void)snprintf(ret_why, why_size, "%s", words);
	errno = err;
	return -1;
}

int piped__open(const char *path, char *ret_why, size_t why_size)
{
	const bool is_stdin = options__is_stdin(path);
	struct stat st;
	int fd;

	/* O_NONBLOCK: the path may have become a named pipe, which would hang here */
	fd = is_stdin ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0)
		      : open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0 || fstat(fd, &st))
		return fail(fd, errno, strerror(errno), ret_why, why_size);
	if (is_stdin && isatty(fd))
		return fail(fd, EINVAL, "it is a terminal: give it a snapshot, or name a file",
			    ret_why, why_size);
	if (S_ISREG(st.st_mode) || S_ISDIR(st.st_mode))
		return fd;
	return read_whole(fd, ret_why, why_size);
}
