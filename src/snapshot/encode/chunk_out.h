/* SPDX-License-Identifier: MIT */
/*
 * A chunk of events (FORMAT.md, section 4): takes records in the order of time, then writes them
 * column by column.
 */
#ifndef TTLOG_CHUNK_OUT_H
#define TTLOG_CHUNK_OUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CHUNK_OUT_MAX_BYTES (1u << 20)

struct catalog;
struct cbor_out;
struct chunk_out;
struct merge_record;

/* NULL with errno. The catalog must stay. A chunk is full at so many bytes of records, or at more
 * if the heads of its columns take much of it; at CHUNK_OUT_MAX_BYTES in any case. */
struct chunk_out *chunk_out__new(const struct catalog *catalog, size_t wanted_bytes);
/* NULL is fine. */
void chunk_out__free(struct chunk_out *chunk);
/* The chunk, which is empty, is one of this catalog from now on; to be called also when a catalog
 * has grown. 0 or -ENOMEM. */
int chunk_out__use(struct chunk_out *chunk, const struct catalog *catalog);

/* Adds a record. Not if the chunk is full. */
void chunk_out__add(struct chunk_out *chunk, const struct merge_record *record);
bool chunk_out__is_full(const struct chunk_out *chunk);
size_t chunk_out__cnt(const struct chunk_out *chunk);
uint64_t chunk_out__first_ns(const struct chunk_out *chunk);
uint64_t chunk_out__last_ns(const struct chunk_out *chunk);

/* Empties it, unwritten. */
void chunk_out__reset(struct chunk_out *chunk);
/* Writes a chunk of at least one event and empties it. */
void chunk_out__put(struct chunk_out *chunk, struct cbor_out *out);

#endif /* TTLOG_CHUNK_OUT_H */
