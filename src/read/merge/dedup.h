/* SPDX-License-Identifier: MIT */
/*
 * Which events of one moment were shown already, from another file of the process: event_stream.c
 * says what "the same" means. They are asked about moment by moment, and within one file by file.
 */
#ifndef TTLOG_READ_DEDUP_H
#define TTLOG_READ_DEDUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct seen;
struct ttlog_event;

/* All 0: empty. */
struct dedup {
	struct seen *table;
	size_t cap, cnt;
	uint64_t key;    /* the moment; entries of other moments are free */
	uint64_t round;  /* a number for it; 0: there was none yet */
	uint64_t secret; /* what no file can know */
};

/* Whether another file had this event of file `number`. False where memory is short. `family`: the
 * process's. */
bool dedup__was_shown(struct dedup *dedup, uint64_t key, uint64_t family, uint32_t number,
		      const struct ttlog_event *event);
/* Whether events of that moment have been asked about, or of a later one, as in a damaged file. */
bool dedup__knows(const struct dedup *dedup, uint64_t key);
void dedup__forget(struct dedup *dedup);
void dedup__fini(struct dedup *dedup);

#endif /* TTLOG_READ_DEDUP_H */
