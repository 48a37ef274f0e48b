/* SPDX-License-Identifier: MIT */
/* `--follow`: events of running collectors, printed as they come. */
#ifndef TTLOG_VIEW_LIVE_OUTPUT_H
#define TTLOG_VIEW_LIVE_OUTPUT_H

#include <stdbool.h>

struct options;
struct out;

/* Returns when the collectors have ended, --head is reached, the output has no reader any more, or
 * a signal has come: 0, or -errno, which is printed. */
int live_output__show(const struct options *options, struct out *out, bool colour);

#endif /* TTLOG_VIEW_LIVE_OUTPUT_H */
