/* SPDX-License-Identifier: MIT */
/*
 * For the collector's --keep-until-shipped: an empty file, in a directory of its own, for each file of
 * the spool that is proven to be at all destinations (shipped_dir.h). Safe to lose: the ledger has what
 * to make it of.
 */
#ifndef TTLOG_SHIPPED_MARKS_H
#define TTLOG_SHIPPED_MARKS_H

#include <stdbool.h>

/* The directory, below that of the state; it is made. A descriptor or -errno. */
int shipped_marks__open(const char *state);
/* Those of files that went while this program was not there. 0 or -errno. */
int shipped_marks__forget_gone(int marks_fd, int spool_fd);
/* 0 or -errno; also if it is so already. */
int shipped_marks__set(int marks_fd, const char *name, bool is_shipped);

#endif /* TTLOG_SHIPPED_MARKS_H */
