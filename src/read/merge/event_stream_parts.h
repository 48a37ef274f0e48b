/* SPDX-License-Identifier: MIT */
/* What event_stream.c and overlap.c share. No other file includes it. */
#ifndef TTLOG_READ_EVENT_STREAM_PARTS_H
#define TTLOG_READ_EVENT_STREAM_PARTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "known.h"
#include "reader.h"
#include "dedup.h"
#include "heap.h"
#include "row_selection.h"

struct input {
	struct ttlog_snapshot *reader;
	uint32_t number;
	size_t chunk; /* the next event's */
	struct row_selection wanted;
	uint64_t made;  /* `wanted` is, by this load of the reader's, of `chunk`; 0: never */
	uint32_t at;    /* the next event's, among those wanted */
	bool pending;   /* the chunk is not loaded yet: the key is its first event's */
	uint64_t key;   /* what the merge goes by */
	uint64_t shift; /* from CLOCK_MONOTONIC to the key */
	uint64_t family;
	/* Only from here to there can other files of the process have the same events. */
	bool overlaps;
	uint64_t overlap_from_ns, overlap_to_ns;
	/* The same, where both files know which event is which. */
	bool shares;
	uint64_t share_from_ns, share_to_ns;
	uint8_t *sites; /* enum filter_verdict */
	bool *threads;
	struct row_selection_rule rule;
};

struct ttlog_stream {
	struct input *inputs;
	size_t input_cnt;
	struct ttlog_range range;
	uint64_t from_key; /* what lies before is passed over */
	uint64_t skip;     /* and so many behind it */

	struct heap_source *heap; /* the inputs that have more */
	size_t heap_cnt;
	uint32_t given; /* so many events of the heap's top are out */
	uint32_t loads_left;

	struct ttlog_run run; /* ttlog_stream_next is in */
	uint32_t run_at;

	struct dedup dedup;
	struct known known;
};

/* Which inputs are of one process, and where they may have the same events. Sets their family, shift
 * and what they overlap in, and `known`. 0 or -ENOMEM. */
int overlap__find(struct ttlog_stream *stream, struct ttlog_snapshot *const *snapshots);

#endif /* TTLOG_READ_EVENT_STREAM_PARTS_H */
