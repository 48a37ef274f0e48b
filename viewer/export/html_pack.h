/* SPDX-License-Identifier: MIT */
/*
 * Packs events for the page of `html`: numbers of variable length, and texts, each once per block;
 * deflated and in base64. src/page/unpack.js reads it; html.c says what is packed.
 *
 * A number has 7 bits per byte, the lowest first; the highest bit is set if more follow. A text is
 * the number of the text in the block times 2, plus 1 if the program cut it. If the number is new,
 * the text's length and bytes follow.
 */
#ifndef TTLOG_VIEW_HTML_PACK_H
#define TTLOG_VIEW_HTML_PACK_H

#include <ttlog/read.h>
#include "buffer.h"

struct out;
struct html_pack_text;

struct html_pack {
	struct buffer block; /* not deflated; one event is bounded by the limits of the file */
	struct html_pack_text *texts; /* hash table */
	uint32_t text_cnt;            /* in the block */
};

/* Returns 0 or -ENOMEM. */
int html_pack__init(struct html_pack *ret);
void html_pack__fini(struct html_pack *pack);

void html_pack__u64(struct html_pack *pack, uint64_t v);
void html_pack__i64(struct html_pack *pack, int64_t v); /* the sign is the lowest bit */
void html_pack__f64(struct html_pack *pack, double v);  /* 8 bytes, little endian */
void html_pack__text(struct html_pack *pack, struct ttlog_text text, bool cut);

/* Whether the block is large enough: then the next event begins another one. */
bool html_pack__is_full(const struct html_pack *pack);
/* Writes the block as base64, and begins another one. */
void html_pack__flush(struct html_pack *pack, struct out *out);

#endif /* TTLOG_VIEW_HTML_PACK_H */
