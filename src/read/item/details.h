/* SPDX-License-Identifier: MIT */
/*
 * How a process ended and what was lost: the header's maps `exit`, `crash` and `lost` (FORMAT.md
 * section 2) as plain structs.
 *
 * They are parsed once, with the header. A value of a wrong type counts as absent. Counts are
 * bounded. Text stays in the map's bytes; arrays lie in the arena.
 */
#ifndef TTLOG_READ_DETAILS_H
#define TTLOG_READ_DETAILS_H

#include "arena.h"
#include "cbor_reader.h"

#define DETAILS_MAX_FRAMES    1024u
#define DETAILS_MAX_REGISTERS 256u
#define DETAILS_MAX_THREADS   1024u
#define DETAILS_MAX_CAUSES    64u

/* Each parses a map that cbor_reader__check() has passed. 0, or -ENOMEM: then ret is empty. */
void details__parse_exit(struct ttlog_exit *ret, struct ttlog_cbor map);
int details__parse_crash(struct ttlog_crash *ret, struct ttlog_cbor map, struct arena *arena);
int details__parse_lost(struct ttlog_lost *ret, struct ttlog_cbor map, struct arena *arena);

/* Frames that are in no order, max_cnt at most. 0 or -ENOMEM. */
int details__parse_frames(struct ttlog_cbor in, struct arena *arena, size_t max_cnt,
			  const struct ttlog_frame *const **ret, size_t *ret_cnt);

#endif /* TTLOG_READ_DETAILS_H */
