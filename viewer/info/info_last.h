/* SPDX-License-Identifier: MIT */
/* The part of --info with the last events of the crashed thread. */
#ifndef TTLOG_VIEW_INFO_LAST_H
#define TTLOG_VIEW_INFO_LAST_H

#include "out.h"
#include <ttlog/read.h>

#define INFO_LAST_CNT 20

/* An event's place in a file. */
struct info_last {
	size_t cnt;
	struct {
		size_t chunk;
		uint32_t row;
	} places[INFO_LAST_CNT]; /* the last one first */
};

/* Adds the thread's events of a chunk, after those of later chunks, as many as there is room for. A
 * chunk that can't be read adds none. 0 or -ENOMEM. */
int info_last__add(struct info_last *last, struct ttlog_snapshot *reader, size_t chunk,
		   uint64_t tid);
/* One line per event, as without --info. 0 or -ENOMEM. */
int info_last__print(struct out *out, struct ttlog_snapshot *reader, const struct info_last *last,
		     bool colour);

#endif /* TTLOG_VIEW_INFO_LAST_H */
