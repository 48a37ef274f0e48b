/* SPDX-License-Identifier: MIT */
/*
 * The order in which files were written. After a clock was set back, new files would look oldest.
 * So files are ordered by modification time, and each new file gets a later one than all others: a
 * number that only grows, and that outlives the collector. The directory has the latest one as an
 * extended attribute (user.ttlog.newest); without it, all files are looked at.
 */
#ifndef TTLOG_FILE_ORDER_H
#define TTLOG_FILE_ORDER_H

#include <stdint.h>

struct stat;

int64_t file_order__of(const struct stat *st);
/* Makes the file open on fd the newest snapshot in the directory, whatever the clock says. Returns
 * 0 or -errno. */
int file_order__make_newest(int dir_fd, int fd);

#endif /* TTLOG_FILE_ORDER_H */
