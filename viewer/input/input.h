/* SPDX-License-Identifier: MIT */
/*
 * The snapshots that were asked for, open, and what is wrong with them.
 */
#ifndef TTLOG_VIEW_INPUT_H
#define TTLOG_VIEW_INPUT_H

#include <stdbool.h>
#include <stddef.h>

struct options;
struct ttlog_snapshot;
struct stat;

struct input {
	char *const *files; /* the options' */
	size_t file_cnt;
	struct ttlog_snapshot **readers; /* of those that could be opened */
	size_t reader_cnt;
	char *default_path; /* the snapshot that is read where no file is named */
	bool unreadable;    /* a file, or a part of one */
};

/*
 * Opens the files, or the newest snapshot where none is named. One that cannot be read is said on
 * stderr, and left out. Returns 0 or -errno, said too.
 */
int input__open(struct input *ret, struct options *options);
/* How many times the files will be read for what the options ask for, as a rule. */
unsigned input__passes(const struct options *options);
/* What is wrong with the files, on stderr; goes over the rest of each. For after all that could be
 * shown. */
void input__report(struct input *input);
/* The same of what was gone over. */
void input__report_known(struct input *input);
/* Whether a file is one of the snapshots: writing would destroy it. */
bool input__is_one(const struct options *options, const struct stat *file);
void input__fini(struct input *input);

#endif /* TTLOG_VIEW_INPUT_H */
