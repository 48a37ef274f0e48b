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

/* CLOCK_MONOTONIC, both included. */
struct overlap {
	bool is_any;
	uint64_t from_ns, to_ns;
};

struct input {
	struct ttlog_snapshot *reader;
	uint32_t number;
	size_t chunk; /* of the next event */
	struct row_selection wanted;
	uint64_t made;  /* load_cnt of the reader when `wanted` was made; 0: never */
	uint32_t at;    /* the next event, in `wanted` */
	bool pending;   /* the chunk is not loaded; the key is that of its first event */
	uint64_t key;   /* the merge sorts by it */
	uint64_t shift; /* from CLOCK_MONOTONIC to the key */
	uint64_t family;
	/* Where other files of the process may have the same events: those without identities, and
	 * those with identities. */
	struct overlap overlap, shared;
	uint8_t *sites; /* enum filter_verdict */
	bool *threads;
	struct row_selection_rule rule;
};

struct ttlog_stream {
	struct input *inputs;
	size_t input_cnt;
	struct ttlog_range range;
	uint64_t from_key; /* events before it are skipped */
	uint64_t skip;     /* and so many after it */

	struct heap_source *heap; /* inputs with more events */
	size_t heap_cnt;
	uint32_t given; /* so many events of the top input were given out */
	uint32_t loads_left;

	struct ttlog_run run; /* of ttlog_stream_next() */
	uint32_t run_at;

	struct dedup dedup;
	struct known known;
};

/* Finds which inputs are of one process, and where they may have the same events. Sets their
 * family, shift and overlaps, and `known`. 0 or -ENOMEM. */
int overlap__find(struct ttlog_stream *stream, struct ttlog_snapshot *const *snapshots);

#endif /* TTLOG_READ_EVENT_STREAM_PARTS_H */
