/* SPDX-License-Identifier: MIT */
/* The snapshot to read if no file is named. */
#ifndef TTLOG_VIEW_DEFAULT_SNAPSHOT_H
#define TTLOG_VIEW_DEFAULT_SNAPSHOT_H

/* The path of the ttlog-PID-YYYYMMDDHHMMSSmmm-REASON.bin in `dir` with the latest time in its name;
 * the caller frees it. NULL with errno; ENOENT: there is none. */
char *default_snapshot__find(const char *dir);

/* The time in a snapshot's name (YYYYMMDDHHMMSSmmm, and what follows); NULL: it is not such a name. */
const char *default_snapshot__time(const char *name);

#endif /* TTLOG_VIEW_DEFAULT_SNAPSHOT_H */
