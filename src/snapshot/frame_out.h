/* SPDX-License-Identifier: MIT */
/*
 * LZ4 frames: each item of a snapshot is in one (FORMAT.md, section 1).
 */
#ifndef TTLOG_FRAME_OUT_H
#define TTLOG_FRAME_OUT_H

#include <stddef.h>
#include <stdint.h>

struct seal_out;

/* All zero is valid; keeps the compressed bytes' memory from frame to frame. */
struct frame_out {
	unsigned char *bytes;
	size_t capacity;
	uint64_t written_bytes; /* to the file, so far; before encryption */
	struct seal_out *seal;  /* NULL: in clear */
	int level;              /* LZ4's; less than 0: faster, and packs less */
};

void frame_out__fini(struct frame_out *frame);

/* Makes one frame with its content size and all checksums; it stays in `frame` until the next call.
 * 0 or -errno. */
int frame_out__make(struct frame_out *frame, const void *content, size_t len, size_t *ret_bytes);
/* Writes len bytes at fd's position, as such a frame. 0 or -errno; then part of it may be written. */
int frame_out__write(struct frame_out *frame, int fd, const void *content, size_t len);

/* Writes empty, skippable frames until at least file_bytes are written. 0 or -errno. */
int frame_out__fill(struct frame_out *frame, int fd, uint64_t file_bytes);

#endif /* TTLOG_FRAME_OUT_H */
