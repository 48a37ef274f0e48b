/* SPDX-License-Identifier: MIT */
#include <errno.h>

#include "buffer.h"
#include "cbor_copy.h"

struct ttlog_cbor cbor_copy__span(struct ttlog_cbor *in)
{
	const struct ttlog_cbor none = { NULL, NULL };
	const unsigned char *from = in->at;

	return ttlog_cbor_skip(in) ? none : (struct ttlog_cbor){ from, in->at };
}

int cbor_copy__enter(struct ttlog_cbor *in, enum ttlog_cbor_kind kind, uint64_t *ret_cnt)
{
	struct ttlog_cbor_item item;

	if (ttlog_cbor_next(in, &item) || item.kind != kind)
		return -EBADMSG;
	*ret_cnt = item.u;
	return 0;
}

bool cbor_copy__is_text(struct ttlog_cbor item, const char *text)
{
	struct ttlog_cbor_item found;

	return !ttlog_cbor_next(&item, &found) && found.kind == TTLOG_CBOR_TEXT &&
	       ttlog_text_is(found.text, text);
}

struct ttlog_cbor cbor_copy__find(struct ttlog_cbor map, const char *key)
{
	const struct ttlog_cbor none = { NULL, NULL };
	uint64_t cnt;

	if (!map.at || cbor_copy__enter(&map, TTLOG_CBOR_MAP, &cnt))
		return none;
	while (cnt--) {
		const struct ttlog_cbor found = cbor_copy__span(&map);
		const struct ttlog_cbor value = cbor_copy__span(&map);

		if (!found.at || !value.at)
			return none;
		if (cbor_copy__is_text(found, key))
			return value;
	}
	return none;
}

void cbor_copy__put(struct buffer *to, struct ttlog_cbor item)
{
	buffer__bytes(to, item.at, (size_t)(item.end - item.at));
}

void cbor_copy__put_head(struct buffer *to, enum ttlog_cbor_kind kind, uint64_t v)
{
	const unsigned char major = (unsigned char)(kind << 5);
	unsigned bytes = v < 24 ? 0 : v < 0x100 ? 1 : v < 0x10000 ? 2 : v >> 32 ? 8 : 4;

	if (!bytes)
		buffer__byte(to, (unsigned char)(major | v));
	else
		buffer__byte(to, (unsigned char)(major | (bytes == 1   ? 24
							  : bytes == 2 ? 25
							  : bytes == 4 ? 26
								       : 27)));
	while (bytes--)
		buffer__byte(to, (unsigned char)(v >> 8 * bytes));
}

void cbor_copy__put_text(struct buffer *to, const char *zero_terminated)
{
	struct buffer text = { .len = 0 };

	buffer__text(&text, ttlog_text_of(zero_terminated));
	cbor_copy__put_head(to, TTLOG_CBOR_TEXT, text.len);
	buffer__bytes(to, text.bytes, text.len);
	to->err = to->err ? to->err : text.err;
	buffer__fini(&text);
}
