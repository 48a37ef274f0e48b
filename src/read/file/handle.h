/* SPDX-License-Identifier: MIT */
/*
 * A file that is read now and then. It is closed when the process is short of descriptors: so a
 * process can read thousands of files with a few hundred descriptors. To read it again, it is
 * opened by its name, and must still be the same file. Handles may belong to different threads.
 */
#ifndef TTLOG_READ_HANDLE_H
#define TTLOG_READ_HANDLE_H

#include <stddef.h>
#include <sys/stat.h>
#include <sys/types.h>

struct handle {
	/* handle.c's lock protects all but path and st. */
	char *path;     /* NULL: it cannot be opened again, and stays open */
	struct stat st; /* when it was first opened */
	int fd;         /* -1: closed */
	unsigned use_cnt;
	struct handle *newer, *older; /* among open ones with a path */
};

/* Opens a file for reading, a FIFO without waiting. Closes others if the process is short of
 * descriptors. Returns a descriptor or -errno. */
int handle__open(const char *path);

/* Takes ownership of fd, also on failure. The path may be NULL. Returns 0 or -errno. */
int handle__init(struct handle *ret, int fd, const char *path);
void handle__fini(struct handle *handle);

/* As pread(2), but returns -errno on failure. -ESTALE: the file was closed in between, and now
 * the path names no file or another one, or the file has changed. */
ssize_t handle__read(struct handle *handle, void *to, size_t bytes, off_t offset);

#endif /* TTLOG_READ_HANDLE_H */
