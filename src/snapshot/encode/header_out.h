/* SPDX-License-Identifier: MIT */
/*
 * The header and the end of a snapshot (FORMAT.md, sections 2, 3 and 6).
 */
#ifndef TTLOG_HEADER_OUT_H
#define TTLOG_HEADER_OUT_H

#include <stddef.h>
#include <stdint.h>

#include "clock.h"

struct catalog;
struct cbor_out;
struct snapshot_source;
struct stacks_out;

/* When the snapshot was made, on CLOCK_MONOTONIC and CLOCK_REALTIME. */
struct header_time {
	uint64_t mono_ns, real_ns;
	struct clock_error error; /* of CLOCK_REALTIME then */
};

/* Limits for what may be any amount, and how much was left out. */
struct header_room {
	size_t text_bytes;    /* of each of a site's texts */
	size_t path_bytes;    /* of all mappings that no frame of the crash is in */
	size_t left_threads;  /* that have no entry of their own */
	size_t left_sites;    /* that have none */
	size_t left_mappings; /* is set */
};

/* room: NULL for all of it. */
void header_out__put(struct cbor_out *out, const struct snapshot_source *source,
		     const struct catalog *catalog, const struct header_time *created,
		     struct header_room *room);

/* What stands in clear in an encrypted file (FORMAT.md, section 9). */
void header_out__put_label(struct cbor_out *out, const struct snapshot_source *source,
			   const struct header_time *created);

/* What a segment of a stream has besides (FORMAT.md, section 10). */
struct header_stream {
	uint64_t id;      /* the same in all segments of a stream */
	uint64_t segment; /* its number, from 0 */
	uint64_t missed;  /* recorded events that no segment has, so far */
	bool has_nulls;   /* FORMAT_NULLS */
};

/* The header of a segment, without sites and threads. */
void header_out__put_stream(struct cbor_out *out, const struct snapshot_source *source,
			    const struct header_time *created, const struct header_stream *stream);
/* The next tables of a segment. */
struct header_tables {
	uint32_t first_site, first_thread;
	uint64_t missed;
	struct stacks_out *stacks; /* what is new of them; NULL: none */
};

/* Its next sites, threads and modules: those that catalog__number_new() has numbered since there
 * were so many. */
void header_out__put_tables(struct cbor_out *out, const struct snapshot_source *source,
			    const struct catalog *catalog, const struct header_tables *tables);

/* How large a file with this header must be, or readers refuse it (FORMAT.md, section 7). */
uint64_t header_out__file_min_bytes(const struct cbor_out *header,
				    const struct snapshot_source *source,
				    const struct catalog *catalog, const struct header_room *room);

struct header_totals {
	uint64_t events, chunks;
	uint64_t first_ns, last_ns; /* if there are events */
};

/* `header`: what header_out__put() or header_out__put_stream() wrote. missed: of a stream; else 0. */
void header_out__put_end(struct cbor_out *out, const struct snapshot_source *source,
			 const struct header_totals *totals, const struct cbor_out *header,
			 uint64_t missed);

#endif /* TTLOG_HEADER_OUT_H */
