/* SPDX-License-Identifier: MIT */
/*
 * The outputs about all events together: --stats, --histogram, --timeline.
 */
#ifndef TTLOG_VIEW_SUMMARY_H
#define TTLOG_VIEW_SUMMARY_H

#include <stdint.h>

struct options;
struct out;
struct terminal;
struct ttlog_stream;

/* Shows the next `most` events. Returns 0 or -ENOMEM. */
int summary__show(const struct options *options, struct ttlog_stream *stream, uint64_t most,
		  struct out *out, const struct terminal *terminal);

#endif /* TTLOG_VIEW_SUMMARY_H */
