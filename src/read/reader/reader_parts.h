/* SPDX-License-Identifier: MIT */
/* What reader.c, reader_scan.c and segment_scan.c share. No other file includes it. */
#ifndef TTLOG_READ_READER_PARTS_H
#define TTLOG_READ_READER_PARTS_H

#include "reader.h"

struct frame;

/* CBOR items that a file may have besides its events: enough for a header and its copy. */
#define READER_ITEMS_BASE     (8u << 20)
#define READER_ITEMS_PER_BYTE 4u

__attribute__((format(printf, 2, 3))) void reader__problem(struct ttlog_snapshot *reader,
							   const char *format, ...);
const char *reader__in_words(int err);

/* These return 0 or -errno. */
int reader__init_header(struct ttlog_snapshot *reader, const unsigned char *data, size_t len,
			char *ret_why, size_t why_size);
int reader__add_place(struct ttlog_snapshot *reader, const struct ttlog_chunk_place *place);
/* Takes the end item. */
int reader__take_end(struct ttlog_snapshot *reader, const struct frame *frame);
/* After the last frame. */
void reader__end_scan(struct ttlog_snapshot *reader);
/* Takes one frame or the end. */
int reader__scan_on(struct ttlog_snapshot *reader);

#endif /* TTLOG_READ_READER_PARTS_H */
