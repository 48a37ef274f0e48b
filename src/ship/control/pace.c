/* SPDX-License-Identifier: MIT */
#include "pace.h"

bool pace__take(struct pace *pace, uint64_t now_ns, uint64_t one_ns, unsigned int burst)
{
	const uint64_t free_ns = pace->free_ns > now_ns ? pace->free_ns : now_ns;

	if (free_ns - now_ns + one_ns > one_ns * burst)
		return false;
	pace->free_ns = free_ns + one_ns;
	return true;
}
