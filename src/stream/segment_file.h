/* SPDX-License-Identifier: MIT */
/*
 * One segment's file: ttlog-PID-YYYYMMDDHHMMSSmmm-stream.bin.part while it is written, without
 * `.part` when it is complete.
 *
 * It has its name from the start, and the disk has room ahead of what is written, some of it for
 * the end: so a full disk stops a stream between two blocks, and the segment can still be ended.
 * A lock tells later collectors that it is being written.
 */
#ifndef TTLOG_SEGMENT_FILE_H
#define TTLOG_SEGMENT_FILE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct recipients;
struct seal_out;
struct snapshot_target;

#define SEGMENT_FILE_REASON "stream"

struct segment_file {
	int dir_fd;              /* the target's */
	int fd;                  /* -1: not open */
	char name[NAME_MAX + 1]; /* with .part */
	uint64_t bytes;          /* written, in whole blocks */
	uint64_t room_bytes;     /* that the disk has set aside for it */
	uint64_t max_bytes;      /* it will hardly be larger */
	bool can_have_room;      /* the file system can do that */
	bool has_block;          /* something of use was written */
	struct seal_out *seal;   /* NULL: in clear */
	bool is_spoiled;         /* a block was sealed, and not written: no more can be */
};

/* Makes the file; the milliseconds move on until a name is free. 0 or -errno. */
int segment_file__open(struct segment_file *file, const struct snapshot_target *target,
		       uint32_t pid, uint64_t real_ms, uint64_t max_bytes);
/* What is written from now on, from its beginning, is encrypted. label: see seal_out.h. 0 or -errno. */
int segment_file__seal(struct segment_file *file, const struct recipients *recipients,
		       const void *label, size_t label_bytes);
/* Writes a block at the end, or nothing of it. spare_bytes: room that the disk must have after it.
 * 0 or -errno. */
int segment_file__append(struct segment_file *file, const void *bytes, size_t len,
			 uint64_t spare_bytes);
/* What was written is on disk, and the name: 0 or -errno. */
int segment_file__sync(const struct segment_file *file, bool with_name);
/* Gives up room that it did not need, and brings all to the disk. service: for its label (label.h);
 * NULL: it has one, or none. 0 or -errno. */
int segment_file__finish(struct segment_file *file, const char *service);
/* After that: takes `.part` away, and closes it in any case. ret_name: its name then. 0 or -errno. */
int segment_file__rename(struct segment_file *file, char ret_name[NAME_MAX + 1]);
/* Leaves it as it is, with `.part`. */
void segment_file__leave(struct segment_file *file);
/* Removes a file in which nothing was written. */
void segment_file__discard(struct segment_file *file);

/* Whether that is the name of a segment with .part. */
bool segment_file__is_open_name(const char *name);

#endif /* TTLOG_SEGMENT_FILE_H */
