/* SPDX-License-Identifier: MIT */
/*
 * CBOR, one item at a time, over libcbor's streaming decoder (never cbor_load: five hostile bytes
 * make it allocate 2 GB). Nothing here allocates. cbor_reader__check() has passed all that is read,
 * so its nesting and lengths are valid; each function checks its own bounds, too.
 */
#ifndef TTLOG_READ_CBOR_READER_H
#define TTLOG_READ_CBOR_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ttlog/read.h"

static inline size_t cbor_reader__left(const struct ttlog_cbor *in)
{
	return (size_t)(in->end - in->at);
}

/* Whether these bytes are exactly one item: well-formed, definite lengths, text keys in maps, at
 * most FORMAT_MAX_DEPTH deep. ret_cnt: how many items it has read. */
bool cbor_reader__check(const unsigned char *data, size_t len, uint64_t *ret_cnt);

/* These return 0 or -EBADMSG, as ttlog_cbor_next() does; on failure outputs are unchanged. */
int cbor_reader__map(struct ttlog_cbor *in, uint64_t *ret_pairs);
int cbor_reader__array(struct ttlog_cbor *in, uint64_t *ret_cnt);
int cbor_reader__text(struct ttlog_cbor *in, struct ttlog_text *ret);
int cbor_reader__uint(struct ttlog_cbor *in, uint64_t *ret);
/* An integer of either sign, as two's complement modulo 2^64. */
int cbor_reader__int(struct ttlog_cbor *in, uint64_t *ret);
/* Skips one item; ret has its bytes. */
int cbor_reader__span(struct ttlog_cbor *in, struct ttlog_cbor *ret);
/* The kind of the next item, which stays unread. */
int cbor_reader__peek(const struct ttlog_cbor *in, enum ttlog_cbor_kind *ret);

/* A key that a map may have, and where its value goes: to one of the three. */
struct cbor_member {
	const char *key;
	struct ttlog_text *text;
	uint64_t *number;
	struct ttlog_cbor *item; /* any value, undecoded */
	bool *has;               /* NULL: not needed */
};

/* Reads the value of `key`, which must have its member's type. Skips it if no member has that
 * key. */
int cbor_reader__member(const struct cbor_member *members, size_t cnt, struct ttlog_text key,
			struct ttlog_cbor *in);
/* The same for all keys of a map. */
int cbor_reader__members(const struct cbor_member *members, size_t cnt, struct ttlog_cbor *in);

#endif /* TTLOG_READ_CBOR_READER_H */
