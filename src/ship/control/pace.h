/* SPDX-License-Identifier: MIT */
/* So many in a time, and after a pause some at once. Starts with zeros. */
#ifndef TTLOG_PACE_H
#define TTLOG_PACE_H

#include <stdbool.h>
#include <stdint.h>

struct pace {
	uint64_t free_ns; /* when all that were taken would have been taken, one in each time */
};

/* Whether one more is in time. one_ns: for each; burst: how many at once. */
bool pace__take(struct pace *pace, uint64_t now_ns, uint64_t one_ns, unsigned int burst);

#endif /* TTLOG_PACE_H */
