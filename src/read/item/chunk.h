/* SPDX-License-Identifier: MIT */
/*
 * A chunk of events: FORMAT.md section 4.
 *
 * Sites, times and threads are decoded when the chunk is loaded; a field's column when it is first
 * used. All of it lies in the chunk's arena, until the next chunk is parsed.
 */
#ifndef TTLOG_READ_CHUNK_H
#define TTLOG_READ_CHUNK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arena.h"
#include "cbor_reader.h"

struct header;
struct identities;

/* The columns of one group of events. */
struct chunk_group {
	const unsigned char **starts;  /* by field of the site */
	const unsigned char *end;      /* of the last column */
	struct ttlog_column **columns; /* by field; NULL: not decoded */
	bool *tried;                   /* by field: decoded, or not valid */
};

struct chunk {
	struct arena arena;
	struct ttlog_chunk events;  /* chunk__parse: n, groups, first and last; chunk__load: all */
	struct chunk_group *groups; /* as many */
	struct ttlog_cbor site, time, thread, fields; /* undecoded */
	struct ttlog_cbor batches;                    /* undecoded; NULL: the chunk has none */
	struct identities *identities;                /* identity.h's */
	bool tried_identities;
	struct ttlog_cbor trace_ids, span_ids; /* undecoded; NULL: no event has one */
	struct ttlog_column *ids[2];           /* of traces, of spans; NULL: not decoded */
	bool tried_ids[2];
	struct ttlog_cbor suppressed;           /* undecoded; NULL: no event has a count */
	struct ttlog_column *suppressed_column; /* NULL: not decoded */
	bool tried_suppressed;
};

/* Reads the keys and checks the counts. Returns 0, -EBADMSG with a reason in words, or -ENOMEM. */
int chunk__parse(struct chunk *chunk, const unsigned char *data, size_t len, const char **ret_why);

/* After chunk__parse: decodes times, sites and threads. `data` must stay valid. */
int chunk__load(struct chunk *chunk, const struct header *header, const char **ret_why);

/* The column of a field; decodes it on first use, and says so in ret_new. NULL: it is not valid. */
const struct ttlog_column *chunk__column(struct chunk *chunk, const struct header *header,
					 uint32_t group, unsigned field, bool *ret_new);

/* The trace_id, or span_id, of each event; decodes it on first use, and says so in ret_new. NULL:
 * there are none, or they are not valid. */
const struct ttlog_column *chunk__ids(struct chunk *chunk, bool is_span, bool *ret_new);
/* Likewise how many calls were left out before each event: numbers. */
const struct ttlog_column *chunk__suppressed(struct chunk *chunk, bool *ret_new);

void chunk__fini(struct chunk *chunk);

#endif /* TTLOG_READ_CHUNK_H */
