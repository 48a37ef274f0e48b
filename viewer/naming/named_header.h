/* SPDX-License-Identifier: MIT */
/* A header (FORMAT.md, section 2) with other frames in its crash; all else stays as it is, byte by
 * byte. */
#ifndef TTLOG_VIEW_NAMED_HEADER_H
#define TTLOG_VIEW_NAMED_HEADER_H

#include <ttlog/read.h>

struct buffer;
struct frame_names;

/* 0; -EBADMSG: it is no header; -ENOMEM. */
int named_header__make(struct buffer *to, struct ttlog_cbor header,
		       const struct frame_names *names);

/* Likewise, an item `tables` (section 10) with the stacks of a segment's header. */
int named_header__make_tables(struct buffer *to, struct ttlog_cbor header,
			      const struct frame_names *names);

#endif /* TTLOG_VIEW_NAMED_HEADER_H */
