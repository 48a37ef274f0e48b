/* SPDX-License-Identifier: MIT */
/*
 * What records of TTLOG_SIDE_SITE say of calls that were left out: hostile bytes.
 */
#ifndef TTLOG_SIDE_RECORD_H
#define TTLOG_SIDE_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "ttlog/abi.h"

#define SIDE_TOTAL_BYTES ((uint32_t)(sizeof(struct ttlog_record) + sizeof(struct ttlog_side_total)))

/* Whether the first of these records of a batch is its total. */
static inline bool side_record__total(const void *records, size_t bytes,
				      struct ttlog_side_total *ret)
{
	struct {
		struct ttlog_record record;
		struct ttlog_side_total side;
	} first;

	if (bytes < sizeof(first))
		return false;
	memcpy(&first, records, sizeof(first));
	if (first.record.site_len !=
		    (TTLOG_SIDE_SITE << TTLOG_RECORD_LEN_BITS | SIDE_TOTAL_BYTES / 4) ||
	    first.side.kind != TTLOG_SIDE_TOTAL)
		return false;
	*ret = first.side;
	return true;
}

/* Whether the fields of such a record say what was left out before the event after it. */
static inline bool side_record__suppressed(const void *fields, size_t len,
					   struct ttlog_side_suppressed *ret)
{
	struct ttlog_side_suppressed side;

	if (len < sizeof(side))
		return false;
	memcpy(&side, fields, sizeof(side));
	if (side.kind != TTLOG_SIDE_SUPPRESSED)
		return false;
	*ret = side;
	return true;
}

#endif /* TTLOG_SIDE_RECORD_H */
