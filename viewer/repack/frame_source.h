/* SPDX-License-Identifier: MIT */
/*
 * The frames of a snapshot (FORMAT.md, section 1), one after the other, with all checksums checked.
 * Unlike the library's reader it stops at the first one that is not right.
 */
#ifndef TTLOG_VIEW_FRAME_SOURCE_H
#define TTLOG_VIEW_FRAME_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct frame_source;

struct source_frame {
	bool is_skippable;            /* the content is the whole frame; else it is unpacked */
	const unsigned char *content; /* until the next one */
	size_t len;
	uint64_t offset; /* of the frame in the file */
};

/* From the beginning of the file; the descriptor stays the caller's. NULL with errno. */
struct frame_source *frame_source__new(int fd);
/* NULL is fine. */
void frame_source__free(struct frame_source *source);
/* 1; 0 at the end of the file; -errno: -EBADMSG if this is no frame, or not a whole one. */
int frame_source__next(struct frame_source *source, struct source_frame *ret);

/* Where the next one begins in the file. */
uint64_t frame_source__offset(const struct frame_source *source);

#endif /* TTLOG_VIEW_FRAME_SOURCE_H */
