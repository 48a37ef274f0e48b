/* SPDX-License-Identifier: MIT */
/*
 * The file of --output: it appears under its name when it is whole, in the place of what was there.
 * Until then it has no name at all where the file system can do that, so that nothing stays
 * whatever ends us. What is no regular file (a pipe, a device) is written to directly.
 */
#ifndef TTLOG_VIEW_NEW_OUTPUT_H
#define TTLOG_VIEW_NEW_OUTPUT_H

#include <stdbool.h>
#include <sys/stat.h>

struct new_output {
	int fd;       /* write here; -1: none */
	char *path;   /* where it shall be, links followed; NULL: it is written to directly */
	char *hidden; /* the name that it has until then; NULL: none */
};

/* 0 or -errno; then ret is empty. can_be_unnamed: false as on a file system without O_TMPFILE. */
int new_output__open(struct new_output *ret, const char *path, bool can_be_unnamed);
/* Gives it its name, and closes it. 0 or -errno. */
int new_output__publish(struct new_output *output);
/* What has not been published is gone. */
void new_output__fini(struct new_output *output);

#endif /* TTLOG_VIEW_NEW_OUTPUT_H */
