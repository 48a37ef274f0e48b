/* SPDX-License-Identifier: MIT */
/*
 * The file of --output: it appears under its name when it is whole, and replaces an old file. Until
 * then it has no name, if the file system can do that, so that nothing is left in whatever way the
 * process ends. If the path is not a regular file (a pipe, a device), it is written to directly.
 */
#ifndef TTLOG_VIEW_NEW_OUTPUT_H
#define TTLOG_VIEW_NEW_OUTPUT_H

#include <stdbool.h>

struct new_output {
	int fd;       /* write here; -1: none */
	char *path;   /* its final path, links followed; NULL: it is written to directly */
	char *hidden; /* its name until then; NULL: none */
};

/* 0 or -errno; then ret is empty. can_be_unnamed: false as on a file system without O_TMPFILE. */
int new_output__open(struct new_output *ret, const char *path, bool can_be_unnamed);
/* Gives it its name, and closes it. 0 or -errno. */
int new_output__publish(struct new_output *output);
/* If it was not published, removes it. */
void new_output__fini(struct new_output *output);

#endif /* TTLOG_VIEW_NEW_OUTPUT_H */
