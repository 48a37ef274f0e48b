/* SPDX-License-Identifier: MIT */
/* A library with a site, which the victim loads and unloads. */
#define TTLOG_SERVICE "victim"
#include <ttlog/ttlog.h>

#include "library.h"

void library_log(unsigned int lane, uint64_t n)
{
	TTLOG_PROBE(step, INFO, "Library's step", "lane", lane, "n", n);
}

/* Its site comes after the other one, so it is enabled later. */
int library_is_on(void)
{
	return TTLOG_ENABLED(INFO);
}
