/* SPDX-License-Identifier: MIT */
/*
 * A snapshot file: FORMAT.md section 7, the reader's algorithm.
 *
 * Opening goes over the whole file once, checks every frame, and keeps the header and where each
 * chunk lies; events come from one chunk at a time. To read one file from start to end, start
 * the reader instead: then it checks the file while it reads, and decodes each chunk once, not
 * twice. Everything in the file is hostile; an error in it is reported in words, and the rest is
 * read. A reader belongs to one thread.
 */
#ifndef TTLOG_READ_READER_H
#define TTLOG_READ_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "chunk.h"
#include "event.h"
#include "header.h"

struct frame;
struct frame_file;

struct ttlog_snapshot {
	char *name;
	struct header header;
	struct ttlog_contents contents;   /* totals: of the end item; without one, of the header */
	struct ttlog_chunk_place *places; /* contents.chunks */
	char **problems;                  /* contents.problems */
	size_t chunk_cap, problem_cap;

	struct frame_file *file;
	uint64_t offset; /* where the scan continues */
	uint64_t frame_cnt;
	/*
	 * CBOR items that may still be read. Each event of a chunk adds some: a file with millions
	 * of items but no events would take too long.
	 */
	uint64_t item_budget;
	bool is_given_up;        /* no later frame counts */
	bool is_segment;         /* of a stream: segment_scan.h */
	uint64_t unloadable_cnt; /* events of chunks that failed to load; not in event_cnt */
	struct ttlog_lost lost;
	unsigned char *end_lost; /* owns the bytes of `lost`; its arrays are in end_arena */
	struct arena end_arena;
	struct chunk chunk;
	size_t parsed; /* `chunk` is this one, parsed only; SIZE_MAX: none */
	size_t loaded; /* the same, loaded */
	uint64_t load_cnt;
	uint8_t *hidden; /* by event of the only chunk: 1: another file had it (seen.h); or NULL */
	bool has_end;
	uint64_t end_events, end_chunks;
};

/* Reads and checks the frame of that chunk. The loaded chunk, if any, is gone. Returns 0 or
 * -errno. */
int reader__frame(struct ttlog_snapshot *reader, size_t idx, struct frame *ret);

/* Whether the chunk is what the first pass found there. */
static inline bool reader__is_at(const struct chunk *chunk, const struct ttlog_chunk_place *place)
{
	return chunk->events.n == place->n && chunk->events.first_ns == place->first_ns &&
	       chunk->events.last_ns == place->last_ns;
}

/* Reports that the chunk's events cannot be shown, and why: the error, or -EBADMSG and words. They
 * count as missing. Returns err. */
int reader__drop(struct ttlog_snapshot *reader, size_t idx, int err, const char *why);

/* A field's values in a loaded or pinned chunk. NULL: there is no such field, or it cannot be
 * decoded, which becomes a problem. */
const struct ttlog_column *reader__column(struct ttlog_snapshot *snapshot, struct chunk *chunk,
					  uint32_t group, unsigned field);
/* The same of the chunk's trace_id, or span_id. */
const struct ttlog_column *reader__ids(struct ttlog_snapshot *snapshot, struct chunk *chunk,
				       bool is_span);
/* The same of the chunk's `suppressed`. */
const struct ttlog_column *reader__suppressed(struct ttlog_snapshot *snapshot, struct chunk *chunk);
/* Event i of a loaded or pinned chunk. */
void reader__fill_event(struct ttlog_snapshot *snapshot, struct chunk *chunk, uint32_t i,
			struct ttlog_event *ret);

#endif /* TTLOG_READ_READER_H */
