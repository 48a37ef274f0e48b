/* SPDX-License-Identifier: MIT */
/*
 * CBOR, one token at a time, over libcbor's streaming decoder (never cbor_load: five hostile bytes
 * make it allocate 2 GB). Nothing here allocates. What is read has passed token__check() once, so
 * that its nesting and lengths are known to be sound; every getter checks its own bounds as well.
 */
#ifndef TTLOG_VIEW_TOKEN_H
#define TTLOG_VIEW_TOKEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "event.h"

enum token_kind {
	TOKEN_UINT,
	TOKEN_NEGINT, /* the value is -1 - u */
	TOKEN_BYTES,
	TOKEN_TEXT,
	TOKEN_ARRAY, /* u elements follow */
	TOKEN_MAP,   /* u pairs follow */
	TOKEN_TAG,   /* one item follows */
	TOKEN_FLOAT,
	TOKEN_BOOL,
	TOKEN_NULL,
	TOKEN_OTHER, /* undefined, indefinite lengths and breaks: format 1 has none of them */
};

struct token {
	enum token_kind kind;
	uint64_t u;
	double d;
	struct text text;
};

/* What is left to read. */
struct token_in {
	const unsigned char *at, *end;
};

static inline size_t token__left(const struct token_in *in)
{
	return (size_t)(in->end - in->at);
}

/* Whether these bytes are exactly one item: well-formed, definite lengths, text keys in maps, at
 * most FORMAT_MAX_DEPTH deep. */
bool token__check(const unsigned char *data, size_t len);

/* All return 0 or -EBADMSG; outputs are untouched on failure. */
int token__next(struct token_in *in, struct token *ret);
int token__skip(struct token_in *in);
int token__map(struct token_in *in, uint64_t *ret_pairs);
int token__array(struct token_in *in, uint64_t *ret_cnt);
int token__text(struct token_in *in, struct text *ret);
int token__uint(struct token_in *in, uint64_t *ret);
/* An integer of either sign, as two's complement modulo 2^64. */
int token__int(struct token_in *in, uint64_t *ret);
/* The kind of what comes next, without reading it. */
int token__peek(const struct token_in *in, enum token_kind *ret);

#endif /* TTLOG_VIEW_TOKEN_H */
