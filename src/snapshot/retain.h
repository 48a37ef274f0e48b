/* SPDX-License-Identifier: MIT */
/*
 * Which snapshots stay in a directory: crashes rather than those made by timer or by request, and
 * of one kind the newest. After a clock was set back, new files would look oldest. So files are
 * ordered by modification time, and each new file gets a later one than all others: a number that
 * only grows, and that outlives the collector. The time in the name decides between equals.
 */
#ifndef TTLOG_RETAIN_H
#define TTLOG_RETAIN_H

#include <stddef.h>
#include <stdint.h>

/* Makes the file open on fd the newest snapshot in the directory, whatever the clock says. Returns
 * 0 or -errno. */
int retain__make_newest(int dir_fd, int fd);
/* Deletes snapshots until at most max_files are left and they take at most max_bytes; 0: no limit.
 * The reason timer goes first, then requests, then killed, then crash; of each the oldest first, in
 * the order in which they were written. One is always left, and so is `kept`, which was just
 * written (NULL: none). Returns 0 or -errno. */
int retain__apply(int dir_fd, size_t max_files, uint64_t max_bytes, const char *kept);

#endif /* TTLOG_RETAIN_H */
