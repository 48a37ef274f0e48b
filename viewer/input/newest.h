/* SPDX-License-Identifier: MIT */
/* Which snapshot is meant where none is named. */
#ifndef TTLOG_VIEW_NEWEST_H
#define TTLOG_VIEW_NEWEST_H

/* The path of the ttlog-PID-YYYYMMDDHHMMSSmmm-REASON.bin in `dir` with the latest time in its name,
 * to be freed; NULL with errno, ENOENT where there is none. */
char *newest__find(const char *dir);

#endif /* TTLOG_VIEW_NEWEST_H */
