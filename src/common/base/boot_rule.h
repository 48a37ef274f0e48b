/* SPDX-License-Identifier: MIT */
/* Whether two snapshots are of one boot of one machine. */
#ifndef TTLOG_BOOT_RULE_H
#define TTLOG_BOOT_RULE_H

#include "ttlog/read.h"

/* From CLOCK_MONOTONIC to wall time, modulo 2^64. */
static inline uint64_t boot_rule__offset_ns(const struct ttlog_info *info)
{
	return info->real_ns - info->mono_ns;
}

/* Whether both pairs of clocks differ by less than an hour. In one boot they do, unless the wall
 * clock was set meanwhile. */
static inline bool boot_rule__clocks_agree(const struct ttlog_info *a, const struct ttlog_info *b)
{
	const uint64_t hour_ns = 3600 * UINT64_C(1000000000);
	const uint64_t apart_ns = boot_rule__offset_ns(a) - boot_rule__offset_ns(b);

	return apart_ns < hour_ns || -apart_ns < hour_ns;
}

/* By boot id; if a file has none, by host and clocks. */
static inline bool boot_rule__is_one_boot(const struct ttlog_info *a, const struct ttlog_info *b)
{
	if (a->boot_id.len && b->boot_id.len)
		return ttlog_text_equal(a->boot_id, b->boot_id);
	return ttlog_text_equal(a->host, b->host) && boot_rule__clocks_agree(a, b);
}

#endif /* TTLOG_BOOT_RULE_H */
