/* SPDX-License-Identifier: MIT */
/*
 * From a copy of a ring to the bytes of a snapshot, for a file (snapshot.c) and for live chunks
 * (live_chunk.c): catalog, merge, chunk_out and header_out make items, frame_out writes them. One
 * chunk is in memory at a time.
 */
#ifndef TTLOG_ENCODER_H
#define TTLOG_ENCODER_H

#include <stdbool.h>
#include <stddef.h>

#include "cbor_out.h"
#include "frame_out.h"
#include "header_out.h"
#include "snapshot_source.h"

struct catalog_choice;
struct chunk_out;
struct merge;
struct merge_record;

struct encoder {
	struct snapshot_source source;
	struct header_time created;
	struct catalog *catalog;
	struct contexts *contexts;
	struct merge *merge;
	struct chunk_out *chunk;
	struct cbor_out header;       /* the caller puts it */
	struct cbor_out item;         /* chunk by chunk, then the end */
	struct header_totals in_item; /* of the chunk in `item` */
	struct header_totals in_file; /* written since the header */
	struct frame_out frame;
};

/* Where chunks go. */
struct encoder_sink {
	/* Whether a record goes into a chunk. NULL: all do. */
	bool (*wants)(void *ctx, const struct merge_record *record);
	/* Takes the chunk in `item`. 0 or -errno, which ends the run. */
	int (*take_chunk)(void *ctx);
	void *ctx;
};

/* Makes the catalog; choice: NULL for all sites. 0 or -errno; encoder__fini() is right after
 * both. */
int encoder__init(struct encoder *encoder, const struct snapshot_source *source,
		  const struct catalog_choice *choice);
/* Makes merge and chunk: from now on the catalog stays as it is. wanted_bytes: of a chunk's
 * records. 0 or -errno. */
int encoder__start(struct encoder *encoder, size_t wanted_bytes);
void encoder__fini(struct encoder *encoder);

/* All records, in the order of time. 0 or -errno of the sink. */
int encoder__run(struct encoder *encoder, const struct encoder_sink *sink);

/* A file is a header, chunks and the end, in this order. 0 or -errno: -E2BIG if the header is
 * larger than max_bytes. */
int encoder__write_header(struct encoder *encoder, int fd, size_t max_bytes);
int encoder__write_chunk(struct encoder *encoder, int fd);
int encoder__write_end(struct encoder *encoder, int fd);

#endif /* TTLOG_ENCODER_H */
