/* SPDX-License-Identifier: MIT */
/*
 * A directory of files that appears under its name only when all of it is whole, and never replaces
 * anything. Until then it has a hidden name in the same place.
 */
#ifndef TTLOG_VIEW_NEW_DIRECTORY_H
#define TTLOG_VIEW_NEW_DIRECTORY_H

struct new_directory {
	char *path;   /* its final path */
	char *hidden; /* its path until then; NULL: none */
	int fd;       /* of the directory, or -1 */
};

/* Returns 0, -EEXIST: the name is taken, or another -errno; then ret is empty. */
int new_directory__make(struct new_directory *ret, const char *path);
/* Gives it its name. Returns 0, -EEXIST as above, or another -errno. */
int new_directory__publish(struct new_directory *directory);
/* If it was not published, removes it with its files. */
void new_directory__fini(struct new_directory *directory);

#endif /* TTLOG_VIEW_NEW_DIRECTORY_H */
