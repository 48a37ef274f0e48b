/* SPDX-License-Identifier: MIT */
/*
 * Which snapshots stay in a directory, by number, size, age and the room that the disk has left:
 * choice.h says which go first. Files of any version and of other collectors take part. Nothing but
 * the files themselves has to be right after a kill.
 */
#ifndef TTLOG_RETAIN_H
#define TTLOG_RETAIN_H

#include <stddef.h>
#include <stdint.h>

#include "kept_file.h"

struct age_clock_time;
struct retain;

struct retain_options {
	size_t max_files; /* 0: no limit, as for all of these */
	uint64_t max_bytes;
	uint64_t max_age_ns;
	uint64_t keep_free_bytes;   /* of the file system */
	unsigned keep_free_percent; /* or so much of it */
	/* Files that are not shipped do not go for their number or age, and for the other limits
	 * last. Returns the directory that says which are (shipped.h), or -errno: then none is. NULL:
	 * that does not count. In the thread of retain__apply() or one of its own. */
	int (*open_shipped)(void *ctx);
	/* A file was deleted; its `why` says for which option. NULL: it need not be told. Threads as
	 * above. */
	void (*deleted)(void *ctx, const struct kept_file *file);
	/* So many files would be too old, had the clock not jumped by ns. NULL as above. */
	void (*jumped)(void *ctx, int64_t ns, size_t held_cnt);
	void *ctx;
};

/* dir_fd stays the caller's. NULL with errno. */
struct retain *retain__new(int dir_fd, const struct retain_options *options);
/* With max_age_ns or a free space to keep, a thread looks from now on, from time to time. Once. 0
 * or -errno. */
int retain__start(struct retain *retain);
/* Other limits from now on; its thread looks at once whether they are kept. In the thread that called
 * retain__start(). 0 or -errno of starting that thread: then they count with the next file. */
int retain__change(struct retain *retain, const struct retain_options *options);
/* NULL is fine. */
void retain__free(struct retain *retain);
/* Deletes files until the limits are kept. One is always left, unless it is too old, and so is
 * `kept`, which was just written (NULL: none). Any thread. 0 or -errno. */
int retain__apply(struct retain *retain, const char *kept);
/* The same at that moment, for tests. */
int retain__apply_at(struct retain *retain, const char *kept, const struct age_clock_time *now);

#endif /* TTLOG_RETAIN_H */
