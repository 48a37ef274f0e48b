/* SPDX-License-Identifier: MIT */
/*
 * The snapshots to read, open, and their problems.
 */
#ifndef TTLOG_VIEW_INPUT_H
#define TTLOG_VIEW_INPUT_H

#include <stdbool.h>
#include <stddef.h>

#include "directory.h"

struct options;
struct naming;
struct secret_keys;
struct ttlog_snapshot;
struct stat;

struct input {
	char *const *files; /* owned by the options */
	size_t file_cnt;
	struct ttlog_snapshot **readers; /* for files that could be opened */
	size_t reader_cnt;
	struct directory_paths paths;
	char *default_path;             /* the snapshot that is read if no file is named */
	const struct secret_keys *keys; /* while files are opened */
	struct naming *naming;          /* likewise; NULL: no server is asked */
	const struct options *options;
	size_t next_name; /* of options->names: probably */
	bool unreadable;  /* a file, or a part of one, can't be read */
};

/*
 * Opens the files, or the newest snapshot if none is named. A file that can't be read is reported
 * on stderr, and left out. Returns 0 or -errno, which it has printed.
 */
int input__open(struct input *ret, struct options *options);
/* How many times the files will usually be read, by the options. */
unsigned input__passes(const struct options *options);
/* Prints the problems of the files to stderr; reads the rest of each. Call it after all other
 * output. */
void input__report(struct input *input);
/* The same, for what was read so far. */
void input__report_known(struct input *input);
/* Whether a file is one of the snapshots: writing would destroy it. */
bool input__is_one(const struct options *options, const struct stat *file);
void input__fini(struct input *input);

#endif /* TTLOG_VIEW_INPUT_H */
