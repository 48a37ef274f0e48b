/* SPDX-License-Identifier: MIT */
/*
 * A file that is read now and then, and whose descriptor may be closed in between: so thousands are
 * read where a process may have a few hundred open. It stays open while descriptors allow; then what
 * becomes of its name does not matter. What was closed is opened again by its name, and must be the
 * file that it was.
 *
 * Handles may belong to different threads.
 */
#ifndef TTLOG_READ_HANDLE_H
#define TTLOG_READ_HANDLE_H

#include <stddef.h>
#include <sys/stat.h>
#include <sys/types.h>

struct handle {
	/* The rest is guarded by handle.c's lock. */
	char *path;     /* NULL: it cannot be opened again, and stays open */
	struct stat st; /* of when it was opened first */
	int fd;         /* -1: closed */
	unsigned use_cnt;
	struct handle *newer, *older; /* of those that are open and have a path */
};

/* Opens a file to read, a FIFO without waiting; where descriptors are short others' are closed for
 * it. Returns a descriptor or -errno. */
int handle__open(const char *path);

/* Takes ownership of fd, also on failure. The path may be NULL. Returns 0 or -errno. */
int handle__init(struct handle *ret, int fd, const char *path);
void handle__fini(struct handle *handle);

/* As pread(2), but returns -errno on failure. -ESTALE: the file was closed in between, and by now the
 * path names another file, or none, or the file has changed. */
ssize_t handle__read(struct handle *handle, void *to, size_t bytes, off_t offset);

#endif /* TTLOG_READ_HANDLE_H */
