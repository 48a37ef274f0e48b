/* SPDX-License-Identifier: MIT */
/* The snapshot that is read where no file is named. */
#ifndef TTLOG_VIEW_DEFAULT_SNAPSHOT_H
#define TTLOG_VIEW_DEFAULT_SNAPSHOT_H

/* The path of the ttlog-PID-YYYYMMDDHHMMSSmmm-REASON.bin in `dir` with the latest time in its name,
 * to be freed; NULL with errno, ENOENT where there is none. */
char *default_snapshot__find(const char *dir);

#endif /* TTLOG_VIEW_DEFAULT_SNAPSHOT_H */
