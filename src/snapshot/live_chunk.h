/* SPDX-License-Identifier: MIT */
/*
 * Live chunks: what a follower has not seen yet, as small snapshots (FORMAT.md) in sealed files in
 * memory. Each has a header, one chunk and the end.
 */
#ifndef TTLOG_LIVE_CHUNK_H
#define TTLOG_LIVE_CHUNK_H

#include <stdbool.h>
#include <stdint.h>

struct record_filter;
struct snapshot_source;

/* Who takes the live chunks. */
struct live_chunk_sink {
	/* Whether it takes one more. If not, it is asked again now and then. */
	bool (*has_room)(void *ctx);
	/* Takes the descriptor. */
	void (*take)(void *ctx, int fd, uint64_t events);
	void *ctx;
};

/* Makes live chunks of the events that match. Returns how many of these are in no live chunk. */
uint64_t live_chunk__make_all(const struct snapshot_source *source,
			      const struct record_filter *filter,
			      const struct live_chunk_sink *sink);

#endif /* TTLOG_LIVE_CHUNK_H */
