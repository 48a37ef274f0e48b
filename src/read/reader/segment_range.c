/* SPDX-License-Identifier: MIT */
/*
 * When the events of a complete segment were, without going over it: two marks and the header.
 */
#include <stdlib.h>

#include "format.h"
#include "frame.h"
#include "handle.h"
#include "header.h"
#include "segment_header.h"
#include "stream_mark.h"

/* The header's clock. */
static bool read_clock(struct frame_file *file, struct ttlog_info *ret)
{
	const struct header_limits limits = {
		.max_bytes = FORMAT_TABLES_BASE_BYTES,
		.known_bits = FORMAT_KNOWN_BITS,
	};
	struct segment_tables none;
	unsigned char *composed = NULL;
	struct header header;
	struct frame frame;
	uint64_t items;
	char why[160];
	size_t len;
	bool found;

	if (frame_file__at(file, STREAM_MARK_BYTES, &frame) ||
	    !cbor_reader__check(frame.content, frame.len, &items))
		return false;
	segment_tables__init(&none);
	if (segment_tables__compose(&none, frame.content, frame.len, &composed, &len))
		return false;
	found = !header__init(&header, composed, len, &limits, why, sizeof(why));
	if (found) {
		*ret = header.info;
		header__fini(&header);
	}
	free(composed);
	return found;
}

static bool find_range(struct frame_file *file, struct ttlog_range *ret)
{
	const uint64_t size = frame_file__size(file);
	struct stream_mark first, last;
	struct ttlog_info info;

	if (size < STREAM_MARK_BYTES || frame_file__mark(file, 0, &first) != 1 ||
	    first.kind != STREAM_MARK_HEADER ||
	    frame_file__mark(file, size - STREAM_MARK_BYTES, &last) != 1 ||
	    last.kind != STREAM_MARK_LAST || !read_clock(file, &info))
		return false;
	ret->since_ns = ttlog_info_real_ns(&info, last.first_ns);
	ret->until_ns = ttlog_info_real_ns(&info, last.last_ns);
	return true;
}

bool ttlog_segment_range(const char *path, struct ttlog_range *ret)
{
	int fd = handle__open(path);
	struct frame_file *file = fd < 0 ? NULL : frame_file__new(fd, NULL);
	bool found = file && find_range(file, ret);

	frame_file__free(file);
	return found;
}
