/* SPDX-License-Identifier: MIT */
/* How long to wait after failures: twice as long each time, up to a minute, and for each of many
 * shippers another while, so that they don't all come back at once. */
#ifndef TTLOG_BACKOFF_H
#define TTLOG_BACKOFF_H

#include <stdint.h>

#define BACKOFF_FIRST_NS 100000000u
#define BACKOFF_MOST_NS  60000000000u

struct backoff {
	unsigned int failures; /* since the last success */
};

/* After another failure: between half of the time and all of it. random: any number. */
uint64_t backoff__next_ns(struct backoff *backoff, uint32_t random);

#endif /* TTLOG_BACKOFF_H */
