/* SPDX-License-Identifier: MIT */
/*
 * A stream: what one process logs, in segments. The drain thread makes it (streams.h); it stays
 * until all three threads are done with it.
 */
#ifndef TTLOG_STREAM_H
#define TTLOG_STREAM_H

#include <stdbool.h>
#include <stdint.h>

struct stream_counts;
struct stream_encoder;

struct stream {
	uint32_t pid;
	uint64_t id;
	struct stream_counts *done; /* gets its counts at its end; atomic members */
	int refs;                   /* atomic */
	int naming_cnt;             /* atomic: its tasks that are with stream_names.h */
	int busy;                   /* atomic: a job of it is with the encoder thread */
	int wants_job;              /* atomic; encoder: events are held back, or were dropped */

	struct stream_encoder *encoder; /* the encoder thread's */
	struct stream *next, *previous; /* its list */
	uint64_t retry_ns;              /* after a segment failed */

	/* written by one thread each, read by any */
	uint64_t lost;            /* atomic; drain thread: of jobs that there was no memory for */
	uint64_t missed;          /* encoder: recorded events that are in no segment */
	uint64_t unwritten;       /* writer: of blocks that could not be written */
	uint64_t written_events;  /* writer */
	uint64_t durable_mono_ns; /* writer: all before it that is not missed is on disk; 0: none */
	int is_failing;           /* atomic; writer: said so */
	uint64_t failed_ns;       /* writer: when, the last time */
};

/* Drops one reference. */
void stream__unref(struct stream *stream);

#endif /* TTLOG_STREAM_H */
