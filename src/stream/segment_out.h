/* SPDX-License-Identifier: MIT */
/*
 * The frames of a segment (FORMAT.md, section 10), as blocks in memory.
 */
#ifndef TTLOG_SEGMENT_OUT_H
#define TTLOG_SEGMENT_OUT_H

#include <stdbool.h>
#include <stdint.h>

#include "cbor_out.h"
#include "frame_out.h"
#include "header_out.h"

struct catalog;
struct chunk_out;
struct snapshot_source;
struct stacks_out;
struct stream;
struct stream_block;
struct stream_segment;

/* What the encoder needs for one stream at a time, and where blocks go. */
struct segment_room {
	struct cbor_out item, header;
	struct frame_out frame;
	struct stream_block *block;                          /* being filled; NULL: none */
	void (*take)(void *ctx, struct stream_block *block); /* takes ownership */
	void *ctx;
};

/* The open segment of a stream. All zero: none is open. */
struct segment_out {
	struct stream_segment *segment;
	struct header_stream place;
	struct header_time created;
	struct header_totals totals;
	uint64_t bytes;          /* so far */
	uint32_t sites, threads; /* of the catalog: so many are in it */
	uint64_t told_missed;
	struct stream_block *last; /* for the end, if there is no memory then */
};

void segment_room__fini(struct segment_room *room);

/* Begins a segment: its header. 0 or -ENOMEM: none is open. */
int segment_out__begin(struct segment_out *out, struct segment_room *room, struct stream *stream,
		       const struct snapshot_source *source);
/* What the catalog has numbered since, and what is new of the stacks (NULL: none), if anything is.
 * missed: see header_stream. 0 or -errno: then the stacks' numbers are not those of the segment any
 * more. */
int segment_out__tables(struct segment_out *out, struct segment_room *room,
			const struct snapshot_source *source, const struct catalog *catalog,
			struct stacks_out *stacks, uint64_t missed);
/* Empties the chunk into the segment. 0 or -errno: its events are not in it. */
int segment_out__chunk(struct segment_out *out, struct segment_room *room, struct chunk_out *chunk);
/* Ends the segment, and hands its last block over. None is open after it. */
void segment_out__end(struct segment_out *out, struct segment_room *room,
		      const struct snapshot_source *source, uint64_t missed);
/* Hands over what there is. covers_ns: see stream_block. */
void segment_out__flush(struct segment_out *out, struct segment_room *room, uint64_t covers_ns);

#endif /* TTLOG_SEGMENT_OUT_H */
