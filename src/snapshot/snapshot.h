/* SPDX-License-Identifier: MIT */
/*
 * A snapshot file: FORMAT.md, from a copy of a flight ring.
 *
 * The last room of the collector: nothing here knows how events came. Runs beside the drain
 * thread and holds nothing that it needs.
 */
#ifndef TTLOG_SNAPSHOT_H
#define TTLOG_SNAPSHOT_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct snapshot_source;

/*
 * Writes ttlog-PID-YYYYMMDDHHMMSSmmm-REASON.bin into the directory that dir_fd is open on:
 * O_TMPFILE, fsync, linkat, fsync of the directory; mode 0600; never over an existing name (the
 * milliseconds move on until a name is free). Where the file system has no O_TMPFILE, a hidden
 * temporary name is renamed with RENAME_NOREPLACE.
 * ret_name gets the file's name, ret_events how many events are in it, ret_corrupt how many events
 * of the copy could not be decoded (site unknown, lengths that do not fit): in the file these are
 * lost, not recorded.
 * Returns 0 or -errno; on failure nothing is left behind.
 */
int snapshot__write(int dir_fd, const struct snapshot_source *source, char ret_name[NAME_MAX + 1],
		    uint64_t *ret_events, uint64_t *ret_corrupt);

/* Whether it is the disk that has no room, of an error of snapshot__write(). */
bool snapshot__lacks_room(int err);

/*
 * The same, and where the disk has no room for all of it, with as many of the newest events as it
 * has room for, if only with how the process ended; older ones count as overwritten there. They are
 * so many: ret_left_out. Nobody may write to the ring of a frozen copy meanwhile, nor have done so
 * since it was made.
 */
int snapshot__write_newest(int dir_fd, const struct snapshot_source *source,
			   char ret_name[NAME_MAX + 1], uint64_t *ret_events, uint64_t *ret_corrupt,
			   uint64_t *ret_left_out);

/* Makes what is open on fd later than all snapshots in the directory, whatever the clock says: for
 * the order in which they go. Returns 0 or -errno. */
int snapshot__order(int dir_fd, int fd);
/* Deletes snapshots until at most max_files are left and they take at most max_bytes; 0 means no
 * limit. Reason timer goes first, then what was asked for, then killed, then crash; of each the
 * oldest first (in the order in which they were written). One is always left, and `kept` (NULL:
 * none), which was just written. Returns 0 or -errno. */
int snapshot__retain(int dir_fd, size_t max_files, uint64_t max_bytes, const char *kept);

#endif /* TTLOG_SNAPSHOT_H */
