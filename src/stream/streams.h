/* SPDX-License-Identifier: MIT */
/*
 * Streams: what processes log, written to segments as it comes (--stream).
 *
 * The drain thread makes a job of what is new in a process's ring (recorder/rounds/stream_rounds.c). The
 * encoder thread makes frames of it, and the writer thread (stream_writer.h) writes these. The
 * encoder never waits for the disk: if too much waits to be written, jobs are dropped, and their
 * events counted. So the rings are never held up.
 */
#ifndef TTLOG_STREAMS_H
#define TTLOG_STREAMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "stream_writer.h"

struct attach;
struct job;
struct stream;
struct streams;

struct streams_options {
	struct stream_writer_options writer;
	uint64_t segment_age_ns; /* 0: any */
	int compression;         /* LZ4's level */
	struct attach *attach;   /* whose files name the stacks of events; NULL: none has one */
};

/* Makes both threads. NULL with errno. */
struct streams *streams__new(const struct streams_options *options);
/* After all other calls: encodes and writes what is left, and ends all segments. The jobs' rings are
 * the caller's, or gone. False: the disk takes nothing for a while; then it is not to be freed. NULL
 * is fine. */
bool streams__end(struct streams *streams);
/* After streams__end(). NULL is fine. */
void streams__free(struct streams *streams);

/* Of all streams that are done. */
struct stream_counts {
	uint64_t written, missed;
};

/* Any thread. */
void streams__read_done(const struct streams *streams, struct stream_counts *ret);

/* ---- the drain thread ---- */

/* A stream for a process. NULL without memory. */
struct stream *streams__open(struct streams *streams, uint32_t pid);
/* Whether the stream's last job is done. */
bool stream__is_idle(const struct stream *stream);
/* Whether it wants one more job, even if nothing is new: it holds events back, or could not write
 * some. */
bool stream__wants_job(const struct stream *stream);
/* Whether it takes stacks with its next job: those of an earlier one have got their names. The last
 * job may always have some. */
bool stream__wants_stacks(const struct stream *stream);
/* Whether one more job has room. */
bool streams__has_room(struct streams *streams);

struct stream_submission {
	struct job *job;    /* taken */
	uint64_t covers_ns; /* as in struct stream_job */
	uint64_t events;    /* in the job */
	uint64_t missed;    /* overwritten before these */
	bool is_last;       /* ends the stream, which is the caller's no more */
};

void streams__submit(struct streams *streams, struct stream *stream,
		     const struct stream_submission *submission);
/* Frees the jobs that are done, and so what they keep of rings. */
void streams__collect(struct streams *streams);

/* ---- any thread that has the stream ---- */

/* The covers_ns of a job: all events of before are on disk, or counted as missed; 0: none is yet. */
uint64_t stream__durable_mono_ns(const struct stream *stream);
/* Recorded events that are in no segment. */
uint64_t stream__missed(const struct stream *stream);
/* Events in segments so far. */
uint64_t stream__written(const struct stream *stream);

#endif /* TTLOG_STREAMS_H */
