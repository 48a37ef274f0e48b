/* SPDX-License-Identifier: MIT */
/*
 * Which events earlier files have, by identity: so different times for one event do not matter. It
 * keeps ranges of places in batches, some bytes for each batch.
 */
#ifndef TTLOG_READ_KNOWN_H
#define TTLOG_READ_KNOWN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct row_selection;
struct ttlog_snapshot;

struct known_range {
	uint64_t batch; /* a hash of the process, thread, module and batch */
	uint32_t number;
	uint16_t first, last;
};

/* All 0: empty. */
struct known {
	struct known_range *ranges;
	size_t cnt, cap, most;
	uint64_t secret; /* so that no file can make hashes collide */
};

/* Sets the limit: what so many bytes of files may have. */
void known__init(struct known *known, uint64_t file_bytes);
/* Adds the events of the reader's loaded chunk, of file `number` of that process. Without memory it
 * adds none. */
void known__add(struct known *known, uint64_t family, uint32_t number,
		struct ttlog_snapshot *reader);
/* Call it after the last known__add(). */
void known__sort(struct known *known);
/* Removes from a selection of the reader's loaded chunk what files of a lower number have. 0 or
 * -ENOMEM. */
int known__leave_out(const struct known *known, uint64_t family, uint32_t number,
		     struct ttlog_snapshot *reader, struct row_selection *selection);
void known__fini(struct known *known);

#endif /* TTLOG_READ_KNOWN_H */
