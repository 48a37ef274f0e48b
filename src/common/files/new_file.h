/* SPDX-License-Identifier: MIT */
/*
 * A file that appears under its name only when it is whole: mode 0600 unless it is shared, on disk
 * before it has the name, and never over another file.
 */
#ifndef TTLOG_NEW_FILE_H
#define TTLOG_NEW_FILE_H

#include <stdbool.h>
#include <sys/types.h>

struct new_file {
	int dir_fd;
	int fd;               /* write here */
	char hidden_name[64]; /* "": the file has no name (O_TMPFILE) */
};

/* Begins a file in the directory of dir_fd. can_be_unnamed: false: as on a file system without
 * O_TMPFILE. 0 or -errno. */
int new_file__open(struct new_file *file, int dir_fd, bool can_be_unnamed);

/* The members of the group may read it: mode 0640. 0 or -errno. */
int new_file__share(const struct new_file *file, gid_t group);

/* Writes all so far to the disk. 0 or -errno. */
int new_file__sync(const struct new_file *file);

/* Gives it its name, also on disk. -EEXIST: the name is taken, try another one. On any other error
 * it has no name. */
int new_file__publish(struct new_file *file, const char *name);

/*
 * Renames a file, but never replaces another one, in a way that the file system supports. `from`
 * may stay as another name of the file. 0 or -errno; -EEXIST: `to` is taken.
 */
int new_file__rename(int dir_fd, const char *from, const char *to);

/* Closes it; a file that was not published is removed. */
void new_file__close(struct new_file *file);

#endif /* TTLOG_NEW_FILE_H */
