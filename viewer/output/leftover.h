/* SPDX-License-Identifier: MIT */
/*
 * Removes an unfinished file, or a directory with files, if a signal ends the process. There is one
 * at a time.
 */
#ifndef TTLOG_VIEW_LEFTOVER_H
#define TTLOG_VIEW_LEFTOVER_H

/* No signal comes between these two: so making and noting, or naming and forgetting, are one
 * step. */
void leftover__hold(void);
void leftover__release(void);

/* dir_fd: of the directory; -1: it is a file. The path must stay valid until leftover__forget().
 * Ignored signals stay ignored. */
void leftover__note(const char *path, int dir_fd);
/* In the same directory, with a name that `ls` hides: ".NAME.XXXXXX". The caller frees it. NULL: no
 * memory. */
char *leftover__hidden_name(const char *path);
/* Removes all files of a directory. Allocates nothing: for a handler, too. */
void leftover__remove_files(int dir_fd);
/* It is removed, or has its name: restores the signals. */
void leftover__forget(void);

#endif /* TTLOG_VIEW_LEFTOVER_H */
