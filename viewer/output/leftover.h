/* SPDX-License-Identifier: MIT */
/*
 * What has no name of its own yet and must not stay where a signal ends us: a file, or a directory
 * with files in it. There is one at a time.
 */
#ifndef TTLOG_VIEW_LEFTOVER_H
#define TTLOG_VIEW_LEFTOVER_H

/* Between these no signal comes: what is made is noted, what gets its name forgotten, in one. */
void leftover__hold(void);
void leftover__release(void);

/* dir_fd: of the directory, or -1 where it is a file. The path stays the caller's until
 * leftover__forget(). Signals that are ignored stay so. */
void leftover__note(const char *path, int dir_fd);
/* It is gone, or has its name: signals are as they were. */
void leftover__forget(void);

#endif /* TTLOG_VIEW_LEFTOVER_H */
