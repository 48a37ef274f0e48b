/* SPDX-License-Identifier: MIT */
/*
 * Directories among the files of the command line: each stands for all snapshots and segments in
 * it, also open ones, as one log.
 */
#ifndef TTLOG_VIEW_DIRECTORY_H
#define TTLOG_VIEW_DIRECTORY_H

#include <stddef.h>

struct options;

/* Paths that were found, which the options point to. All zero: none. */
struct directory_paths {
	char **items;
	size_t cnt, cap;
};

/* Puts the files in the place of directories, in the order of the times in their names. 0 or
 * -errno, which it has printed: -ENOENT if there is none in one of them. */
int directory__expand(struct options *options, struct directory_paths *ret);
void directory_paths__fini(struct directory_paths *paths);

#endif /* TTLOG_VIEW_DIRECTORY_H */
