/* SPDX-License-Identifier: MIT */
/*
 * file:///DIR: a directory, often of another machine or disk. Files are DIR/HOST/SERVICE/FILE, as objects are
 * called, and nothing else stays there.
 */
#ifndef TTLOG_FILE_PLACE_H
#define TTLOG_FILE_PLACE_H

#include "place.h"

#define FILE_PLACE_SCHEME "file://"

struct file_place {
	struct place base; /* first */
	const char *path;
	int dir_fd; /* -1: it is not open */
};

extern const struct place_ops file_place__ops;

/* The directory of an object, which is made if need be: a descriptor, and *ret_file is its file's name there.
 * No link is followed. -errno with a line. */
int file_place__open_folder(const struct file_place *place, const char *object, bool can_make,
			    const char **ret_file, struct fleet_error *error);

#endif /* TTLOG_FILE_PLACE_H */
