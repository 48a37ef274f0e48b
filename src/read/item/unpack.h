/* SPDX-License-Identifier: MIT */
/*
 * One column of a chunk, from its encoding to plain arrays: FORMAT.md section 5.
 */
#ifndef TTLOG_READ_UNPACK_H
#define TTLOG_READ_UNPACK_H

#include <stddef.h>
#include <stdint.h>

#include "arena.h"
#include "cbor_reader.h"

/*
 * Decodes the column at `in`, which must have n elements (1 or more). Memory comes from the arena,
 * at most some 32 bytes for each element. Text points into the chunk's content. The chunk's own
 * integers have type NONE. Returns 0, -EBADMSG or -ENOMEM.
 */
int unpack__column(struct arena *arena, struct ttlog_cbor *in, uint8_t type, size_t n,
		   struct ttlog_column *ret);

#endif /* TTLOG_READ_UNPACK_H */
