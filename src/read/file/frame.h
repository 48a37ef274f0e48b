/* SPDX-License-Identifier: MIT */
/*
 * A file as a sequence of LZ4 frames, some of which may be damaged: FORMAT.md sections 1 and 7.
 *
 * Reads with pread(), not mmap(): if the file is cut meanwhile, that is an error, not a signal.
 * Memory: the window and one frame's content, FORMAT_HEADER_MAX_BYTES at most.
 */
#ifndef TTLOG_READ_FRAME_H
#define TTLOG_READ_FRAME_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct frame_file;

struct frame {
	uint64_t offset, end;         /* in the file */
	const unsigned char *content; /* valid until the next call */
	size_t len;
};

/* The damaged bytes before the frame that was found, or before the end of the file. */
struct frame_damage {
	uint64_t from, to; /* equal: no damage */
	const char *why;
	uint64_t gave_up_at; /* not 0: here the search for a whole frame stopped */
};

/* Takes ownership of fd, a regular file, also on failure. With a path, the file may be closed and
 * opened again (handle.h). NULL with errno. */
struct frame_file *frame_file__new(int fd, const char *path);
void frame_file__free(struct frame_file *file);
/* Frees the window and the content; the next call allocates them again. */
void frame_file__trim(struct frame_file *file);
uint64_t frame_file__size(const struct frame_file *file);

/* The next whole frame from `offset` on, after skippable frames and damage. Returns 1; 0 at the end
 * of the file; -errno if the file cannot be read (-ESTALE: handle__read()). */
int frame_file__next(struct frame_file *file, uint64_t offset, struct frame *ret,
		     struct frame_damage *ret_damage);

/* The frame at exactly that offset. Returns 0, -EBADMSG if it is not whole, or another -errno. */
int frame_file__at(struct frame_file *file, uint64_t offset, struct frame *ret);

struct stream_mark;

/* The mark at exactly that offset (stream_mark.h). Returns 1, 0 if there is none, or -errno. */
int frame_file__mark(struct frame_file *file, uint64_t offset, struct stream_mark *ret);
/* The next mark from `offset` on, but not at or after `end`, or else `end`. 0 or -errno. */
int frame_file__find_mark(struct frame_file *file, uint64_t offset, uint64_t end, uint64_t *ret);

#endif /* TTLOG_READ_FRAME_H */
