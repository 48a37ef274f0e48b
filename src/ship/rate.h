/* SPDX-License-Identifier: MIT */
/* So many bytes a second, on average; after a pause at most as many as in one second at once. */
#ifndef TTLOG_RATE_H
#define TTLOG_RATE_H

#include <stdint.h>

struct rate {
	uint64_t bytes_s; /* 0: as many as there are */
	uint64_t free_ns; /* when all that was sent would have been sent at that rate */
};

/* Takes so many bytes. Returns the moment at which they may be sent, which may have passed. */
uint64_t rate__take(struct rate *rate, uint64_t bytes, uint64_t now_ns);

#endif /* TTLOG_RATE_H */
