/* SPDX-License-Identifier: MIT */
/*
 * What someone who follows has not seen yet, as small snapshots (FORMAT.md) in sealed files in
 * memory: a header, one chunk, the end.
 */
#ifndef TTLOG_PIECE_H
#define TTLOG_PIECE_H

#include <stdbool.h>
#include <stdint.h>

struct record_filter;
struct snapshot_source;

/* Who takes the pieces. */
struct piece_sink {
	/* Whether it takes one more; now and then asked again. */
	bool (*has_room)(void *ctx);
	/* Takes the descriptor. */
	void (*take)(void *ctx, int fd, uint64_t events);
	void *ctx;
};

/* Of those events that match. Returns how many of these are in no piece. */
uint64_t piece__make_all(const struct snapshot_source *source, const struct record_filter *filter,
			 const struct piece_sink *sink);

#endif /* TTLOG_PIECE_H */
