/* SPDX-License-Identifier: MIT */
#include "rate.h"

#define SECOND_NS UINT64_C(1000000000)

uint64_t rate__take(struct rate *rate, uint64_t bytes, uint64_t now_ns)
{
	const uint64_t begin_ns = now_ns > SECOND_NS ? now_ns - SECOND_NS : 0;

	if (!rate->bytes_s)
		return now_ns;
	if (rate->free_ns < begin_ns)
		rate->free_ns = begin_ns;
	rate->free_ns += (uint64_t)((unsigned __int128)bytes * SECOND_NS / rate->bytes_s);
	return rate->free_ns;
}
