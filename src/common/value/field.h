/* SPDX-License-Identifier: MIT */
/*
 * A field's value as outputs and expressions see it, whatever it was read from: struct ttlog_field
 * of the readers' library, and what only we do with it. Who made the value says how long its text
 * is valid.
 */
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

/* Bytes as their hexadecimal text, which is what the outputs show; cut to what fits. */
struct ttlog_text event_field__hex(struct ttlog_text bytes, char *to, size_t size);

#endif /* TTLOG_SRC_FIELD_H */
