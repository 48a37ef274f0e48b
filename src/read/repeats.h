/* SPDX-License-Identifier: MIT */
/*
 * Which events of one moment were shown already, from another file of the process: event_stream.c
 * says what "the same" means. They are asked about moment by moment, and within one file by file.
 */
#ifndef TTLOG_READ_REPEATS_H
#define TTLOG_READ_REPEATS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct seen;
struct ttlog_event;

/* All 0: empty. */
struct repeats {
	struct seen *table;
	size_t cap, cnt;
	uint64_t key;    /* the moment; what is in the table of others is not there any more */
	uint64_t round;  /* a number for it; 0: there was none yet */
	uint64_t secret; /* what no file can know */
};

/* Whether the event of file `number`, at that moment, is one too many. Where memory is short it
 * isn't. `family`: the process's. */
bool repeats__has(struct repeats *repeats, uint64_t key, uint64_t family, uint32_t number,
		  const struct ttlog_event *event);
/* Whether events of that moment have been asked about, or of a later one, as in a damaged file. */
bool repeats__knows(const struct repeats *repeats, uint64_t key);
void repeats__forget(struct repeats *repeats);
void repeats__fini(struct repeats *repeats);

#endif /* TTLOG_READ_REPEATS_H */
