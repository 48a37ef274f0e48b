/* SPDX-License-Identifier: MIT */
/*
 * Which batches a chunk's events are from, and their places in these: FORMAT.md, section 4.
 *
 * Events of one thread and module come batch after batch, each from its first event to its last. So
 * a run of events is one row, and a single event costs nothing.
 */
#ifndef TTLOG_BATCH_OUT_H
#define TTLOG_BATCH_OUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct batch_out;
struct cbor_out;
struct column_out;
struct merge_record;

/* NULL with errno. */
struct batch_out *batch_out__new(void);
/* NULL is fine. */
void batch_out__free(struct batch_out *batches);

/* The chunk's next event. thread: its number in the file. */
void batch_out__add(struct batch_out *batches, uint32_t thread, const struct merge_record *record);
/* What the runs take in the chunk, at most. */
size_t batch_out__bytes(const struct batch_out *batches);
/* Of these bytes, what every chunk with so many threads and modules takes. */
size_t batch_out__first_bytes(const struct batch_out *batches);
/* Whether there was memory for all of them. */
bool batch_out__is_whole(const struct batch_out *batches);
/* numbers: room for one number an event. */
void batch_out__put(const struct batch_out *batches, struct column_out *column, uint64_t *numbers,
		    struct cbor_out *out);
void batch_out__reset(struct batch_out *batches);

#endif /* TTLOG_BATCH_OUT_H */
