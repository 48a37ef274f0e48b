/* SPDX-License-Identifier: MIT */
/*
 * Opens files at paths that a recorded program can choose: the files that it runs and maps. We may
 * be root, and opening a fifo waits for its other end; opening a device may do anything (rewind a
 * tape, start a watchdog). So only regular files are opened.
 */
#ifndef TTLOG_PLAIN_FILE_H
#define TTLOG_PLAIN_FILE_H

/* A descriptor for reading, close-on-exec; -ENODEV, without opening it: not a regular file; else
 * -errno as open(2). Any thread. */
int plain_file__open(const char *path);
/* The same for the file of path_fd (O_PATH). The caller still owns path_fd. */
int plain_file__reopen(int path_fd);

#endif /* TTLOG_PLAIN_FILE_H */
