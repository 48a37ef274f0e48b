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

struct frame_file;

struct ttlog_snapshot {
	char *name;
	struct header header;
	struct ttlog_contents
		contents; /* totals from the end where there is one, else the header */
	struct ttlog_chunk_place *places; /* contents' chunks */
	char **problems;                  /* contents' */
	size_t chunk_cap, problem_cap;

	struct frame_file *file;
	uint64_t offset; /* where the scan goes on */
	uint64_t frame_cnt;
	bool second_header;
	/*
	 * CBOR items that may still be looked at. A chunk costs its own, and its events pay for
	 * theirs: what has millions of values and no events would take for ever.
	 */
	uint64_t item_budget;
	bool is_given_up;
	uint64_t unloadable_cnt; /* events that event_cnt has lost since they were scanned */
	struct ttlog_lost lost;
	unsigned char *end_lost; /* owns the bytes of lost, and the arena the rest of it */
	struct arena end_arena;
	struct chunk chunk;
	size_t parsed; /* the number of the chunk in `chunk`, not loaded yet; SIZE_MAX: none */
	size_t loaded; /* the same, loaded */
	uint64_t load_cnt;
	uint8_t *hidden; /* of its only chunk: 1 for an event that another file had; NULL: seen.h */
	bool has_end;
	uint64_t end_events, end_chunks;
};

/* Says that the chunk's events cannot be shown, and why: the error, or -EBADMSG and words. They count
 * as missing. */
void reader__drop(struct ttlog_snapshot *reader, size_t idx, int err, const char *why);

/* Says that a field of a site cannot be read in that chunk. */
void reader__blame_field(struct ttlog_snapshot *snapshot, size_t chunk, unsigned field,
			 uint32_t site);
/* Event i of a chunk of the reader's, whose values are fetched as those of the loaded one. */
void reader__fill_event(struct ttlog_snapshot *snapshot, const struct ttlog_chunk *chunk,
			uint32_t i, struct ttlog_event *ret);

#endif /* TTLOG_READ_READER_H */
