/* SPDX-License-Identifier: MIT */
/* Items of the header that libttlogread hands on as they are. */
#ifndef TTLOG_VIEW_INFO_ITEM_H
#define TTLOG_VIEW_INFO_ITEM_H

#include "out.h"
#include <ttlog/read.h>

/* The value of a key in a map, or an empty item. */
struct ttlog_cbor info_item__find(struct ttlog_cbor in, const char *key);
/* Whether it is a map of one pair or more. */
bool info_item__is_filled_map(struct ttlog_cbor item);
/* Calls take for each pair of texts in a map. */
void info_item__each_text(struct ttlog_cbor in,
			  void (*take)(void *to, struct ttlog_text key, struct ttlog_text value),
			  void *to);
/* A map of texts: "env=production, rack=7". */
void info_item__print_texts(struct out *out, struct ttlog_cbor in);

#endif /* TTLOG_VIEW_INFO_ITEM_H */
