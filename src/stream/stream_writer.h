/* SPDX-License-Identifier: MIT */
/*
 * The thread that writes segments: block after block, as they come. It alone waits for the disk.
 */
#ifndef TTLOG_STREAM_WRITER_H
#define TTLOG_STREAM_WRITER_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct stream_block;
struct stream_writer;
struct writer;

/* When what was written is brought to the disk. A complete segment always is. */
enum stream_sync {
	STREAM_SYNC_SEGMENT, /* then only */
	STREAM_SYNC_TIME,    /* every so often */
	STREAM_SYNC_BATCH,   /* after each block */
};

struct stream_writer_options {
	const struct writer *writer; /* whose directory it is */
	const char *dir;             /* for messages */
	enum stream_sync sync;
	uint64_t sync_ns; /* STREAM_SYNC_TIME */
	uint64_t segment_bytes;
};

/* NULL with errno. */
struct stream_writer *stream_writer__new(const struct stream_writer_options *options);
/* Writes what is left. False: the disk takes nothing for a while; then it is not to be freed. NULL is
 * fine. */
bool stream_writer__end(struct stream_writer *writer);
/* After stream_writer__end(). NULL is fine. */
void stream_writer__free(struct stream_writer *writer);

/* Takes ownership. */
void stream_writer__put(struct stream_writer *writer, struct stream_block *block);
/* Bytes that wait. Any thread. */
uint64_t stream_writer__waiting_bytes(struct stream_writer *writer);

#endif /* TTLOG_STREAM_WRITER_H */
