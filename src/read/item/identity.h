/* SPDX-License-Identifier: MIT */
/*
 * The batch of each event, and its place in that batch: FORMAT.md, section 4.
 *
 * Decoded on first use. If it is not valid, the chunk's events have no identity, but all else.
 */
#ifndef TTLOG_READ_IDENTITY_H
#define TTLOG_READ_IDENTITY_H

#include <stdbool.h>
#include <stdint.h>

struct chunk;
struct header;

/* Consecutive events of one batch. */
struct identity_run {
	uint64_t seq, ticks; /* of the batch; ticks 0: no identity */
	uint32_t thread, module;
	uint32_t first, cnt; /* places in the batch */
	uint64_t hash;       /* FORMAT.md's; 0: not computed yet */
};

struct identities {
	struct identity_run *runs;
	uint32_t run_cnt;
	const uint32_t *run_of; /* by event */
	const uint16_t *places;
};

struct identity {
	struct identity_run *run;
	uint32_t place;
};

/* Of a loaded chunk; NULL: it has none, or they are not valid. */
const struct identities *identity__of_chunk(struct chunk *chunk, const struct header *header);
/* Of event i of the chunk. False: it has none. */
bool identity__find(struct chunk *chunk, const struct header *header, uint32_t i,
		    struct identity *ret);

#endif /* TTLOG_READ_IDENTITY_H */
