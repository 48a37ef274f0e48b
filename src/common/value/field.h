/* SPDX-License-Identifier: MIT */
/* What only our programs do with values of fields. */
#ifndef TTLOG_SRC_FIELD_H
#define TTLOG_SRC_FIELD_H

#include <string.h>

#include "ttlog/read.h"

/* Byte by byte, which in UTF-8 is the order of characters: less than 0, 0 or more. */
static inline int event_field__order(struct ttlog_text a, struct ttlog_text b)
{
	size_t common = a.len < b.len ? a.len : b.len;
	int order = common ? memcmp(a.p, b.p, common) : 0;

	return order ? order : (a.len > b.len) - (a.len < b.len);
}

#endif /* TTLOG_SRC_FIELD_H */
