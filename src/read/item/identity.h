/* SPDX-License-Identifier: MIT */
/*
 * Which batch each event came in, and as which of the batch's events: FORMAT.md, section 4.
 *
 * Decoded when someone first asks. What is not valid there costs the identities of the chunk's
 * events and nothing else.
 */
#ifndef TTLOG_READ_IDENTITY_H
#define TTLOG_READ_IDENTITY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct chunk;
struct header;

/* Events of one batch, one after another. */
struct identity_run {
	uint64_t seq, ticks; /* of the batch; ticks of 0: these have no identity */
	uint32_t thread, module;
	uint32_t first, cnt; /* places in the batch */
	uint64_t hash;       /* FORMAT.md's; 0: not computed yet */
};

struct identities {
	struct identity_run *runs;
	uint32_t run_cnt;
	const uint32_t *run_of; /* of each event */
	const uint16_t *places;
};

struct identity {
	struct identity_run *run;
	uint32_t place;
};

/* Of a loaded chunk; NULL where it has none, or none that are valid. */
const struct identities *identity__of_chunk(struct chunk *chunk, const struct header *header);
/* Of event i of it. False where it has none. */
bool identity__find(struct chunk *chunk, const struct header *header, uint32_t i,
		    struct identity *ret);

#endif /* TTLOG_READ_IDENTITY_H */
