/* SPDX-License-Identifier: MIT */
/*
 * One process's jobs as segments. The encoder thread's.
 *
 * Records come in jobs (job__new_since), one after another. What is newer than job.covers_ns is
 * held back, because other threads may still have older events: so chunks follow each other in
 * time, as far as the clocks allow.
 */
#ifndef TTLOG_STREAM_ENCODER_H
#define TTLOG_STREAM_ENCODER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct chunk_out;
struct event_stack;
struct segment_room;
struct snapshot_source;
struct stream;
struct stream_encoder;

struct stream_job {
	const struct snapshot_source *source;
	uint64_t covers_ns; /* all events of before are in it, or were in an earlier one */
	uint64_t events;    /* in its copy */
	uint64_t missed;    /* before them, that the ring had overwritten */
	bool is_last;       /* nothing is held back any more */
};

/* What all encoders share. */
struct stream_shop {
	struct segment_room *room;
	struct chunk_out *chunk; /* NULL: not made yet */
	uint64_t segment_bytes;
};

/* NULL without memory. */
struct stream_encoder *stream_encoder__new(struct stream *stream);
/* NULL is fine. */
void stream_encoder__free(struct stream_encoder *encoder);

/* Encodes all of a job. What it can't is counted in the stream's missed. */
void stream_encoder__take(struct stream_encoder *encoder, struct stream_shop *shop,
			  const struct stream_job *job);
/* Stacks of events of jobs so far, with names; takes ownership. */
void stream_encoder__take_stacks(struct stream_encoder *encoder, struct stream_shop *shop,
				 struct event_stack *stacks, size_t cnt);
/* Counts all of a job as missed. */
void stream_encoder__drop(struct stream_encoder *encoder, const struct stream_job *job);
/* Ends the open segment, if there is one, with the accounts of the last job. */
void stream_encoder__end_segment(struct stream_encoder *encoder, struct stream_shop *shop);
/* When the open segment began, on CLOCK_MONOTONIC; 0: none is open. */
uint64_t stream_encoder__begun_ns(const struct stream_encoder *encoder);
/* Whether the writer can't write the open segment any more. */
bool stream_encoder__has_failed(const struct stream_encoder *encoder);

#endif /* TTLOG_STREAM_ENCODER_H */
