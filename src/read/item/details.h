/* SPDX-License-Identifier: MIT */
/*
 * How a process ended and what was lost: the header's maps `exit`, `crash` and `lost` (FORMAT.md
 * section 2) as plain structs, for all that show them.
 *
 * Parsed once, when the header is. A key that is absent, or of another type than FORMAT.md says, is
 * absent here. Counts are bounded whatever the file says. All text lies where the map was parsed
 * from, arrays in the arena.
 */
#ifndef TTLOG_READ_DETAILS_H
#define TTLOG_READ_DETAILS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arena.h"
#include "cbor_reader.h"

#define DETAILS_MAX_FRAMES    1024u
#define DETAILS_MAX_REGISTERS 256u
#define DETAILS_MAX_THREADS   1024u
#define DETAILS_MAX_CAUSES    64u

/* Each reads a map that cbor_reader__check() has passed. Returns 0 or -ENOMEM: then ret is empty. */
void details__parse_exit(struct ttlog_exit *ret, struct ttlog_cbor map);
int details__parse_crash(struct ttlog_crash *ret, struct ttlog_cbor map, struct arena *arena);
int details__parse_lost(struct ttlog_lost *ret, struct ttlog_cbor map, struct arena *arena);

#endif /* TTLOG_READ_DETAILS_H */
