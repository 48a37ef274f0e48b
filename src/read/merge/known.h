/* SPDX-License-Identifier: MIT */
/*
 * Which events files have that were named earlier: by identity, so that it does not matter what
 * each file says of an event's time. Ranges of places in batches, some bytes for each batch.
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
	uint64_t secret; /* what no file can know */
};

/* Room for what so many bytes of files may have. */
void known__init(struct known *known, uint64_t file_bytes);
/* The events of the reader's loaded chunk, which is of file `number` of that process. Where memory is
 * short they are left out. */
void known__add(struct known *known, uint64_t family, uint32_t number,
		struct ttlog_snapshot *reader);
/* After the last one. */
void known__sort(struct known *known);
/* Takes out of a selection of the reader's loaded chunk what files of a smaller number have. 0 or
 * -ENOMEM. */
int known__leave_out(const struct known *known, uint64_t family, uint32_t number,
		     struct ttlog_snapshot *reader, struct row_selection *selection);
void known__fini(struct known *known);

#endif /* TTLOG_READ_KNOWN_H */
