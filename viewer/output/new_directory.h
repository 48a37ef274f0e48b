/* SPDX-License-Identifier: MIT */
/*
 * A directory of files that appears under its name only when all of it is whole, and never over
 * anything else: until then it lies beside, under a hidden name.
 */
#ifndef TTLOG_VIEW_NEW_DIRECTORY_H
#define TTLOG_VIEW_NEW_DIRECTORY_H

struct new_directory {
	char *path;   /* where it shall be */
	char *hidden; /* where it is until then; NULL: nowhere */
	int fd;       /* of the directory, or -1 */
};

/* Returns 0, -EEXIST where something has that name already, or another -errno; then ret is
 * empty. */
int new_directory__make(struct new_directory *ret, const char *path);
/* Gives it its name. Returns 0, -EEXIST as above, or another -errno. */
int new_directory__publish(struct new_directory *directory);
/* What has not been published is removed, with the files in it. */
void new_directory__fini(struct new_directory *directory);

#endif /* TTLOG_VIEW_NEW_DIRECTORY_H */
