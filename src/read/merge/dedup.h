/* SPDX-License-Identifier: MIT */
/*
 * Which events of one moment another file of the process has shown already. event_stream.c defines
 * when two events are the same. Calls come moment by moment, and within a moment file by file.
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
	uint64_t key;    /* the moment */
	uint64_t round;  /* number of the moment; 0: there was none yet. Slots of others are free */
	uint64_t secret; /* so that no file can make hashes collide */
};

/* Whether another file had this event of file `number`. False without memory. `family`: of the
 * process. */
bool dedup__was_shown(struct dedup *dedup, uint64_t key, uint64_t family, uint32_t number,
		      const struct ttlog_event *event);
/* Whether it knows events of that moment, or of a later one, as in a damaged file. */
bool dedup__knows(const struct dedup *dedup, uint64_t key);
void dedup__forget(struct dedup *dedup);
void dedup__fini(struct dedup *dedup);

#endif /* TTLOG_READ_DEDUP_H */
