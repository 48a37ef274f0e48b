/* SPDX-License-Identifier: MIT */
/*
 * Which files are shipped, by the names in a directory of ttlog-ship (shipped_dir.h). That is
 * another user's: anything may be in it, and no more is believed than that a file need not stay.
 */
#ifndef TTLOG_SHIPPED_H
#define TTLOG_SHIPPED_H

struct shelf;

/* Sets is_shipped of all files. Takes ownership of dir_fd, the directory, or -errno: then none is
 * shipped. Nothing in the directory is opened; of many more names than there are files, some are not
 * read. 0 or -errno. */
int shipped__read(struct shelf *shelf, int dir_fd);

#endif /* TTLOG_SHIPPED_H */
