/* SPDX-License-Identifier: MIT */
/*
 * Marks in a segment of a stream (FORMAT.md, section 10): a skippable LZ4 frame before each other
 * frame, which says what that is. So a reader finds a range of time without the rest.
 */
#ifndef TTLOG_STREAM_MARK_H
#define TTLOG_STREAM_MARK_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define STREAM_MARK_BYTES 56u

/* What follows the mark; the last one is at the end of a complete segment, with nothing after it. */
enum stream_mark_kind {
	STREAM_MARK_HEADER = 1,
	STREAM_MARK_TABLES = 2,
	STREAM_MARK_CHUNK = 3,
	STREAM_MARK_END = 4,
	STREAM_MARK_LAST = 5,
};

struct stream_mark {
	enum stream_mark_kind kind;
	uint32_t events;            /* of a chunk */
	uint64_t bytes;             /* of the frame; LAST: where the mark of the end is */
	uint64_t first_ns, last_ns; /* of a chunk; LAST: of the segment; 0 if it has no events */
};

/* The skippable frame's magic number, its length, and what tells it from others of that kind. */
static const unsigned char stream_mark_head[12] = { 0x54, 0x2a, 0x4d, 0x18, STREAM_MARK_BYTES - 8,
						    0,    0,    0,    't',  't',
						    's',  'g' };

static inline void stream_mark__put64(unsigned char *to, uint64_t v)
{
	for (int i = 0; i < 8; i++)
		to[i] = (unsigned char)(v >> 8 * i);
}

static inline uint64_t stream_mark__get64(const unsigned char *from)
{
	uint64_t v = 0;

	for (int i = 0; i < 8; i++)
		v |= (uint64_t)from[i] << 8 * i;
	return v;
}

/* FNV-1a, 64 bits. */
static inline uint64_t stream_mark__check(const unsigned char *bytes)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (unsigned i = 8; i < STREAM_MARK_BYTES - 8; i++)
		hash = (hash ^ bytes[i]) * UINT64_C(0x100000001b3);
	return hash;
}

static inline void stream_mark__put(const struct stream_mark *mark,
				    unsigned char ret_bytes[STREAM_MARK_BYTES])
{
	memset(ret_bytes, 0, STREAM_MARK_BYTES);
	memcpy(ret_bytes, stream_mark_head, sizeof(stream_mark_head));
	ret_bytes[12] = (unsigned char)mark->kind;
	for (int i = 0; i < 4; i++)
		ret_bytes[16 + i] = (unsigned char)(mark->events >> 8 * i);
	stream_mark__put64(ret_bytes + 24, mark->bytes);
	stream_mark__put64(ret_bytes + 32, mark->first_ns);
	stream_mark__put64(ret_bytes + 40, mark->last_ns);
	stream_mark__put64(ret_bytes + 48, stream_mark__check(ret_bytes));
}

/* False: these STREAM_MARK_BYTES are no mark. */
static inline bool stream_mark__get(const unsigned char *bytes, struct stream_mark *ret)
{
	if (memcmp(bytes, stream_mark_head, sizeof(stream_mark_head)) != 0 ||
	    stream_mark__get64(bytes + 48) != stream_mark__check(bytes) ||
	    bytes[12] < STREAM_MARK_HEADER || bytes[12] > STREAM_MARK_LAST)
		return false;
	*ret = (struct stream_mark){
		.kind = (enum stream_mark_kind)bytes[12],
		.events = (uint32_t)(stream_mark__get64(bytes + 16) & UINT32_MAX),
		.bytes = stream_mark__get64(bytes + 24),
		.first_ns = stream_mark__get64(bytes + 32),
		.last_ns = stream_mark__get64(bytes + 40),
	};
	return true;
}

#endif /* TTLOG_STREAM_MARK_H */
