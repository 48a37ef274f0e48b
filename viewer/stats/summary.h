/* SPDX-License-Identifier: MIT */
/*
 * The outputs of groups of events: --stats, --histogram.
 */
#ifndef TTLOG_VIEW_SUMMARY_H
#define TTLOG_VIEW_SUMMARY_H

#include <stddef.h>
#include <stdint.h>

struct options;
struct out;
struct terminal;
struct ttlog_snapshot;
struct ttlog_stream;

/* Shows the next `most` events. readers: of the stream. Returns 0 or -ENOMEM. */
int summary__show(const struct options *options, struct ttlog_stream *stream,
		  struct ttlog_snapshot *const *readers, size_t reader_cnt, uint64_t most,
		  struct out *out, const struct terminal *terminal);

#endif /* TTLOG_VIEW_SUMMARY_H */
