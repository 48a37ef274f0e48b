/* SPDX-License-Identifier: MIT */
/* CBOR that is copied item by item, with parts of it replaced. */
#ifndef TTLOG_VIEW_CBOR_COPY_H
#define TTLOG_VIEW_CBOR_COPY_H

#include <stdbool.h>
#include <ttlog/read.h>

struct buffer;

/* The next item, which was not read yet; at is NULL if there is none. */
struct ttlog_cbor cbor_copy__span(struct ttlog_cbor *in);
/* The elements of an array, or the pairs of a map. 0 or -EBADMSG. */
int cbor_copy__enter(struct ttlog_cbor *in, enum ttlog_cbor_kind kind, uint64_t *ret_cnt);
/* Whether the item is that text. */
bool cbor_copy__is_text(struct ttlog_cbor item, const char *text);
/* The value of a map's key; at is NULL if there is none. */
struct ttlog_cbor cbor_copy__find(struct ttlog_cbor map, const char *key);

void cbor_copy__put(struct buffer *to, struct ttlog_cbor item);
void cbor_copy__put_head(struct buffer *to, enum ttlog_cbor_kind kind, uint64_t v);
void cbor_copy__put_text(struct buffer *to, const char *zero_terminated);

#endif /* TTLOG_VIEW_CBOR_COPY_H */
