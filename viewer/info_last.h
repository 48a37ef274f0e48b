/* SPDX-License-Identifier: MIT */
/* The part of --info that shows what the crashed thread did last. */
#ifndef TTLOG_VIEW_INFO_LAST_H
#define TTLOG_VIEW_INFO_LAST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "out.h"
#include <ttlog/read.h>

#define INFO_LAST_CNT 20

/* An event's place in a file. */
struct info_last {
	size_t cnt;
	struct {
		size_t chunk;
		uint32_t row;
	} places[INFO_LAST_CNT]; /* in the order of time */
};

/* The last events of a thread. 0 or -ENOMEM. */
int info_last__find(struct ttlog_snapshot *reader, uint64_t tid, struct info_last *ret);
/* One line each, as without --info. 0 or -ENOMEM. */
int info_last__print(struct out *out, struct ttlog_snapshot *reader, const struct info_last *last,
		     bool colour);

#endif /* TTLOG_VIEW_INFO_LAST_H */
