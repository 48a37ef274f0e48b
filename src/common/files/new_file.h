/* SPDX-License-Identifier: MIT */
/*
 * A file that appears under its name only when it is whole: mode 0600, on disk before it has the
 * name, and never over another file.
 */
#ifndef TTLOG_NEW_FILE_H
#define TTLOG_NEW_FILE_H

#include <stdbool.h>

struct new_file {
	int dir_fd;
	int fd;               /* write here */
	char hidden_name[64]; /* "" where the file has no name at all (O_TMPFILE) */
};

/* Starts one in the directory that dir_fd is open on. can_be_unnamed: false as on a file system
 * without O_TMPFILE. 0 or -errno. */
int new_file__open(struct new_file *file, int dir_fd, bool can_be_unnamed);

/* Writes what there is to the disk. 0 or -errno. */
int new_file__sync(const struct new_file *file);

/* Gives it its name, on disk too. -EEXIST where that is taken: try another one. On any other error
 * it has no name. */
int new_file__publish(struct new_file *file, const char *name);

/*
 * Renames a file, never over another one: by whatever the file system has for that. `from` may stay, as
 * another name of the file. 0 or -errno, -EEXIST where `to` is taken.
 */
int new_file__rename(int dir_fd, const char *from, const char *to);

/* Closes it; what has not been published is gone. */
void new_file__close(struct new_file *file);

#endif /* TTLOG_NEW_FILE_H */
