/* SPDX-License-Identifier: MIT */
/* Gives up, for good, all paths but some (Landlock). */
#ifndef TTLOG_ALLOWED_PATHS_H
#define TTLOG_ALLOWED_PATHS_H

struct allowed_paths {
	const char *const
		*written;        /* directories that it may write and make files in; NULL ends it */
	const char *const *read; /* files and directories; what is missing is passed over */
};

/* For this thread and those that it starts, without the right to get privileges by an exec. 0;
 * -ENOTSUP: the kernel has no Landlock; else -errno. */
int allowed_paths__restrict(const struct allowed_paths *paths);

#endif /* TTLOG_ALLOWED_PATHS_H */
