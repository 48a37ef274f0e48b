/* SPDX-License-Identifier: MIT */
/*
 * The snapshots in a directory. What was read of a file is kept: then only its name is looked at
 * again, so that a directory of 100,000 files takes milliseconds.
 */
#ifndef TTLOG_SHELF_H
#define TTLOG_SHELF_H

#include <stddef.h>
#include <stdint.h>

struct kept_file;

/* All zero is valid. */
struct shelf {
	struct kept_file *files;
	size_t cnt, capacity;
	size_t sorted_cnt; /* so many are in the order of names */
	uint64_t secret;   /* of hashes */
};

void shelf__fini(struct shelf *shelf);
/* Looks at the directory; links and special files are not listed. 0 or -errno: then it is as it
 * was, or lacks some files. */
int shelf__read(struct shelf *shelf, int dir_fd);
/* Adds a file that was just written, without reading the directory. 0 or -errno. */
int shelf__add(struct shelf *shelf, int dir_fd, const char *name);
/* NULL: it is not there. */
struct kept_file *shelf__find(struct shelf *shelf, const char *name);
/* Forgets those that do not have KEPT_STAYS. */
void shelf__drop_deleted(struct shelf *shelf);
/* The largest file_order__of() its snapshots; 0: there are none. 0 or -errno. */
int shelf__newest(int dir_fd, int64_t *ret_order);

#endif /* TTLOG_SHELF_H */
