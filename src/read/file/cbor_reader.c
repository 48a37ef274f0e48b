/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <cbor.h>

#include "cbor_reader.h"
#include "format.h"

/* A callback that makes an item of a value. */
#define ON(name, type, as, member)                                                                 \
	static void on_##name(void *item, type v)                                                  \
	{                                                                                          \
		*(struct ttlog_cbor_item *)item =                                                  \
			(struct ttlog_cbor_item){ .kind = TTLOG_CBOR_##as, .member = v };          \
	}

ON(uint8, uint8_t, UINT, u)
ON(uint16, uint16_t, UINT, u)
ON(uint32, uint32_t, UINT, u)
ON(uint64, uint64_t, UINT, u)
ON(negint8, uint8_t, NEGINT, u)
ON(negint16, uint16_t, NEGINT, u)
ON(negint32, uint32_t, NEGINT, u)
ON(negint64, uint64_t, NEGINT, u)
ON(array, size_t, ARRAY, u)
ON(map, size_t, MAP, u)
ON(tag, uint64_t, TAG, u)
ON(float, float, FLOAT, d)
ON(double, double, FLOAT, d)
ON(bool, bool, BOOL, u)

static void on_bytes(void *item, cbor_data p, size_t len)
{
	*(struct ttlog_cbor_item *)item = (struct ttlog_cbor_item){
		.kind = TTLOG_CBOR_BYTES,
		.text = { (const char *)p, len },
	};
}

static void on_text(void *item, cbor_data p, size_t len)
{
	on_bytes(item, p, len);
	((struct ttlog_cbor_item *)item)->kind = TTLOG_CBOR_TEXT;
}

static void on_null(void *item)
{
	*(struct ttlog_cbor_item *)item = (struct ttlog_cbor_item){ .kind = TTLOG_CBOR_NULL };
}

static void on_other(void *item)
{
	*(struct ttlog_cbor_item *)item = (struct ttlog_cbor_item){ .kind = TTLOG_CBOR_OTHER };
}

static const struct cbor_callbacks CALLBACKS = {
	.uint8 = on_uint8,
	.uint16 = on_uint16,
	.uint32 = on_uint32,
	.uint64 = on_uint64,
	.negint8 = on_negint8,
	.negint16 = on_negint16,
	.negint32 = on_negint32,
	.negint64 = on_negint64,
	.byte_string_start = on_other,
	.byte_string = on_bytes,
	.string = on_text,
	.string_start = on_other,
	.indef_array_start = on_other,
	.array_start = on_array,
	.indef_map_start = on_other,
	.map_start = on_map,
	.tag = on_tag,
	.float2 = on_float,
	.float4 = on_float,
	.float8 = on_double,
	.undefined = on_other,
	.null = on_null,
	.boolean = on_bool,
	.indef_break = on_other,
};

int ttlog_cbor_next(struct ttlog_cbor *in, struct ttlog_cbor_item *ret)
{
	struct ttlog_cbor_item item;
	struct cbor_decoder_result result;

	if (in->at >= in->end)
		return -EBADMSG;
	result = cbor_stream_decode(in->at, cbor_reader__left(in), &CALLBACKS, &item);
	if (result.status != CBOR_DECODER_FINISHED || !result.read ||
	    result.read > cbor_reader__left(in))
		return -EBADMSG;
	in->at += result.read;
	if (item.kind == TTLOG_CBOR_OTHER)
		return -EBADMSG;
	*ret = item;
	return 0;
}

int cbor_reader__peek(const struct ttlog_cbor *in, enum ttlog_cbor_kind *ret)
{
	struct ttlog_cbor copy = *in;
	struct ttlog_cbor_item item;
	int err = ttlog_cbor_next(&copy, &item);

	if (!err)
		*ret = item.kind;
	return err;
}

/* Skips one item. Refuses a count for which not enough bytes are left. */
static int walk(struct ttlog_cbor *in, uint64_t *cnt)
{
	struct {
		uint64_t left;
		bool is_map;
	} stack[FORMAT_MAX_DEPTH + 1] = { { 1, false } };
	unsigned depth = 0;
	bool after_tag = false;
	struct ttlog_cbor_item item;

	for (;;) {
		while (!after_tag && !stack[depth].left) {
			if (!depth)
				return 0;
			depth--;
		}
		if (ttlog_cbor_next(in, &item))
			return -EBADMSG;
		++*cnt;
		if (!after_tag) {
			bool is_key = stack[depth].is_map && !(stack[depth].left & 1);

			if (is_key && item.kind != TTLOG_CBOR_TEXT)
				return -EBADMSG;
			stack[depth].left--;
		}
		after_tag = item.kind == TTLOG_CBOR_TAG;
		if (item.kind != TTLOG_CBOR_ARRAY && item.kind != TTLOG_CBOR_MAP)
			continue;
		if (depth == FORMAT_MAX_DEPTH || item.u > cbor_reader__left(in))
			return -EBADMSG;
		depth++;
		stack[depth].is_map = item.kind == TTLOG_CBOR_MAP;
		stack[depth].left = item.kind == TTLOG_CBOR_MAP ? item.u * 2 : item.u;
	}
}

bool cbor_reader__check(const unsigned char *data, size_t len, uint64_t *ret_cnt)
{
	struct ttlog_cbor in = { data, data + len };

	*ret_cnt = 0;
	return !walk(&in, ret_cnt) && in.at == in.end;
}

int ttlog_cbor_skip(struct ttlog_cbor *in)
{
	uint64_t cnt = 0;

	return walk(in, &cnt);
}

static int next_of(struct ttlog_cbor *in, enum ttlog_cbor_kind kind, struct ttlog_cbor_item *ret)
{
	struct ttlog_cbor copy = *in;
	struct ttlog_cbor_item item;

	if (ttlog_cbor_next(&copy, &item) || item.kind != kind)
		return -EBADMSG;
	*in = copy;
	*ret = item;
	return 0;
}

int cbor_reader__map(struct ttlog_cbor *in, uint64_t *ret_pairs)
{
	struct ttlog_cbor_item item;

	if (next_of(in, TTLOG_CBOR_MAP, &item) || item.u > cbor_reader__left(in) / 2)
		return -EBADMSG;
	*ret_pairs = item.u;
	return 0;
}

int cbor_reader__array(struct ttlog_cbor *in, uint64_t *ret_cnt)
{
	struct ttlog_cbor_item item;

	if (next_of(in, TTLOG_CBOR_ARRAY, &item) || item.u > cbor_reader__left(in))
		return -EBADMSG;
	*ret_cnt = item.u;
	return 0;
}

int cbor_reader__text(struct ttlog_cbor *in, struct ttlog_text *ret)
{
	struct ttlog_cbor_item item;

	if (next_of(in, TTLOG_CBOR_TEXT, &item))
		return -EBADMSG;
	*ret = item.text;
	return 0;
}

int cbor_reader__uint(struct ttlog_cbor *in, uint64_t *ret)
{
	struct ttlog_cbor_item item;

	if (next_of(in, TTLOG_CBOR_UINT, &item))
		return -EBADMSG;
	*ret = item.u;
	return 0;
}

int cbor_reader__int(struct ttlog_cbor *in, uint64_t *ret)
{
	struct ttlog_cbor copy = *in;
	struct ttlog_cbor_item item;

	if (ttlog_cbor_next(&copy, &item))
		return -EBADMSG;
	if (item.kind != TTLOG_CBOR_UINT && item.kind != TTLOG_CBOR_NEGINT &&
	    item.kind != TTLOG_CBOR_BOOL)
		return -EBADMSG;
	*in = copy;
	*ret = item.kind == TTLOG_CBOR_NEGINT ? ~item.u : item.u;
	return 0;
}

int cbor_reader__span(struct ttlog_cbor *in, struct ttlog_cbor *ret)
{
	const unsigned char *start = in->at;
	int err = ttlog_cbor_skip(in);

	if (!err)
		*ret = (struct ttlog_cbor){ start, in->at };
	return err;
}

int cbor_reader__member(const struct cbor_member *members, size_t cnt, struct ttlog_text key,
			struct ttlog_cbor *in)
{
	for (const struct cbor_member *member = members; member < members + cnt; member++) {
		if (!ttlog_text_is(key, member->key))
			continue;
		if (member->has)
			*member->has = true;
		if (member->text)
			return cbor_reader__text(in, member->text);
		return member->number ? cbor_reader__uint(in, member->number)
				      : cbor_reader__span(in, member->item);
	}
	return ttlog_cbor_skip(in);
}

int cbor_reader__members(const struct cbor_member *members, size_t cnt, struct ttlog_cbor *in)
{
	struct ttlog_text key;
	uint64_t pairs;

	if (cbor_reader__map(in, &pairs))
		return -EBADMSG;
	for (uint64_t i = 0; i < pairs; i++) {
		if (cbor_reader__text(in, &key) || cbor_reader__member(members, cnt, key, in))
			return -EBADMSG;
	}
	return 0;
}
