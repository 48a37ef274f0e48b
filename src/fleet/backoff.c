/* SPDX-License-Identifier: MIT */
#include "backoff.h"

#define MOST_DOUBLINGS 10

uint64_t backoff__next_ns(struct backoff *backoff, uint32_t random)
{
	uint64_t ns = (uint64_t)BACKOFF_FIRST_NS
		      << (backoff->failures < MOST_DOUBLINGS ? backoff->failures : MOST_DOUBLINGS);

	if (ns > BACKOFF_MOST_NS)
		ns = BACKOFF_MOST_NS;
	backoff->failures++;
	return ns / 2 + (ns / 2) * (random >> 8) / (UINT32_MAX >> 8);
}
