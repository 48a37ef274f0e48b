/* SPDX-License-Identifier: MIT */
/*
 * Snapshot files: FORMAT.md, from a copy of a flight ring. Nothing here knows how events came. Runs
 * beside the drain thread and holds nothing that it needs.
 */
#ifndef TTLOG_SNAPSHOT_H
#define TTLOG_SNAPSHOT_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct recipients;
struct redact;
struct snapshot_source;

/* How files are written. */
struct snapshot_target {
	int dir_fd;
	gid_t group;                         /* may read them; OUT_DIR_NO_GROUP: the owner alone */
	const struct redact *redact;         /* NULL: no value is hidden */
	const struct recipients *recipients; /* who can read them; NULL: they are in clear */
	int level;                           /* of compression, as in frame_out.h */
	uint64_t *steps; /* grows with each piece that is written; any thread reads it. NULL: none
			  */
};

/*
 * Writes ttlog-PID-YYYYMMDDHHMMSSmmm-REASON.bin into the target's directory: O_TMPFILE, fsync,
 * linkat, fsync of the directory; mode 0600, or 0640 for a group; never over an existing name (the
 * milliseconds move on until a name is free). If the file system has no O_TMPFILE, a hidden
 * temporary name is renamed with RENAME_NOREPLACE. ret_name: the file's name. ret_events: how many
 * events are in it. ret_corrupt: how many events of the copy could not be decoded (site unknown,
 * lengths that do not fit); in the file these are lost, not recorded. Returns 0 or -errno; on
 * failure no file is left.
 *
 * ret_left_out: NULL, or if the disk has no room for all events, the file has as many of the newest
 * as there is room for, or at least how the process ended. Then it is how many older events are not
 * in it; there they count as overwritten. Nothing may be written to a frozen copy's ring meanwhile,
 * nor since the copy was made.
 */
int snapshot__write(const struct snapshot_target *target, const struct snapshot_source *source,
		    char ret_name[NAME_MAX + 1], uint64_t *ret_events, uint64_t *ret_corrupt,
		    uint64_t *ret_left_out);

/* Whether an error of snapshot__write() means that the disk has no room. */
bool snapshot__lacks_room(int err);

#endif /* TTLOG_SNAPSHOT_H */
