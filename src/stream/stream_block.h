/* SPDX-License-Identifier: MIT */
/*
 * A piece of a segment on its way from the encoder to the disk.
 */
#ifndef TTLOG_STREAM_BLOCK_H
#define TTLOG_STREAM_BLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cbor_out.h"
#include "segment_file.h"

struct stream;

/* A segment. The encoder makes it; from then on it is the writer's, until the block that ends it is
 * written. */
struct stream_segment {
	struct stream *stream;
	uint64_t real_ms;            /* for its name */
	char *service;               /* for its label; NULL: unknown */
	struct cbor_out sealed;      /* what stands in clear if it is encrypted */
	struct segment_file file;    /* the writer's, as all that follows */
	int err;                     /* it can't be written any more; also read by the encoder */
	bool is_named;               /* its name is on disk */
	bool is_dirty;               /* written since it was brought to the disk */
	uint64_t unsynced;           /* events in what was written since then */
	uint64_t covers_ns;          /* what was written reaches up to there */
	uint64_t synced_ns;          /* when it was brought to the disk last */
	struct stream_segment *next; /* among dirty ones */
};

void stream_segment__free(struct stream_segment *segment);

struct stream_block {
	struct stream_block *next;
	struct stream_segment *segment;
	unsigned char *bytes;
	size_t len, capacity;
	uint64_t events;
	uint64_t covers_ns; /* with it, all events of before this are written; 0: not known */
	bool ends;          /* its segment ends with it */
};

#endif /* TTLOG_STREAM_BLOCK_H */
