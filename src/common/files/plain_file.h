/* SPDX-License-Identifier: MIT */
/*
 * Files at paths that a recorded program can name or has put there: what it runs and maps. We may be
 * root: to open a fifo waits for its other end, and to open a device may do anything (rewind a tape,
 * start a watchdog). So nothing but a regular file is ever opened.
 */
#ifndef TTLOG_PLAIN_FILE_H
#define TTLOG_PLAIN_FILE_H

/* A descriptor for reading, close-on-exec; -ENODEV, unopened, where that is no regular file; else
 * -errno as open(2). Any thread. */
int plain_file__open(const char *path);
/* The same of the file that path_fd, of O_PATH, stands for; path_fd stays the caller's. */
int plain_file__reopen(int path_fd);

#endif /* TTLOG_PLAIN_FILE_H */
