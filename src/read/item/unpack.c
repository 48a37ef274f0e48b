/* SPDX-License-Identifier: MIT */
#include <errno.h>

#include "array.h"
#include "format.h"
#include "unpack.h"

#define ALL               (~(size_t)0)
#define FLOAT_SCALE_MAX   22u
#define DECIMAL_SCALE_MAX 255u
#define EXACT_UNITS       (UINT64_C(1) << 53)

/* All are exact in a double. */
static const double POWERS[FLOAT_SCALE_MAX + 1] = {
	1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
	1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
};

static bool is_real(uint8_t type)
{
	return type == TTLOG_TYPE_F32 || type == TTLOG_TYPE_F64;
}

static bool is_text(uint8_t type)
{
	return type == TTLOG_TYPE_STR || type == TTLOG_TYPE_BYTES;
}

/* The keys of a column that is a map; `at` is NULL if a key is absent. */
struct keys {
	struct ttlog_cbor constant, first, delta, scale, units, values, index, bits, base, packed;
	struct ttlog_cbor nulls, of;
};

static int read_keys(struct ttlog_cbor *in, struct keys *ret)
{
	const struct {
		const char *key;
		struct ttlog_cbor *to;
	} known[] = {
		{ "const", &ret->constant }, { "first", &ret->first }, { "delta", &ret->delta },
		{ "scale", &ret->scale },    { "units", &ret->units }, { "values", &ret->values },
		{ "index", &ret->index },    { "bits", &ret->bits },   { "base", &ret->base },
		{ "packed", &ret->packed },  { "nulls", &ret->nulls }, { "of", &ret->of },
	};
	uint64_t pairs;

	*ret = (struct keys){ .constant = { NULL, NULL } };
	if (cbor_reader__map(in, &pairs))
		return -EBADMSG;
	for (uint64_t i = 0; i < pairs; i++) {
		struct ttlog_cbor value;
		struct ttlog_text key;

		if (cbor_reader__text(in, &key) || cbor_reader__span(in, &value))
			return -EBADMSG;
		for (size_t k = 0; k < ARRAY_SIZE(known); k++) {
			if (!ttlog_text_is(key, known[k].key))
				continue;
			if (known[k].to->at)
				return -EBADMSG;
			*known[k].to = value;
		}
	}
	return 0;
}

/* ---- Typed arrays ---- */

/* A tag and the byte string after it. */
static int typed_bytes(struct ttlog_cbor *in, uint64_t *ret_tag, struct ttlog_text *ret)
{
	struct ttlog_cbor_item tag, bytes;

	if (ttlog_cbor_next(in, &tag) || tag.kind != TTLOG_CBOR_TAG ||
	    ttlog_cbor_next(in, &bytes) || bytes.kind != TTLOG_CBOR_BYTES)
		return -EBADMSG;
	*ret_tag = tag.u;
	*ret = bytes.text;
	return 0;
}

/* Byte strings are not aligned; the compiler makes vector loads of this. */
#define WIDEN(type, to)                                                                            \
	do {                                                                                       \
		if (bytes.len / sizeof(type) != n || bytes.len % sizeof(type))                     \
			return -EBADMSG;                                                           \
		for (size_t i = 0; i < n; i++) {                                                   \
			type v;                                                                    \
			memcpy(&v, bytes.p + i * sizeof(type), sizeof(type));                      \
			out[i] = (to)v;                                                            \
		}                                                                                  \
		return 0;                                                                          \
	} while (0)

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "typed arrays are little endian in the file: swap in WIDEN"
#endif

static int widen_ints(uint64_t tag, struct ttlog_text bytes, size_t n, uint64_t *out)
{
	switch (tag) {
	case FORMAT_TAG_U8:
		WIDEN(uint8_t, uint64_t);
	case FORMAT_TAG_U16:
		WIDEN(uint16_t, uint64_t);
	case FORMAT_TAG_U32:
		WIDEN(uint32_t, uint64_t);
	case FORMAT_TAG_U64:
		WIDEN(uint64_t, uint64_t);
	case FORMAT_TAG_I8:
		WIDEN(int8_t, uint64_t);
	case FORMAT_TAG_I16:
		WIDEN(int16_t, uint64_t);
	case FORMAT_TAG_I32:
		WIDEN(int32_t, uint64_t);
	case FORMAT_TAG_I64:
		WIDEN(int64_t, uint64_t);
	default:
		return -EBADMSG;
	}
}

static int widen_reals(uint64_t tag, struct ttlog_text bytes, size_t n, double *out)
{
	switch (tag) {
	case FORMAT_TAG_F32:
		WIDEN(float, double);
	case FORMAT_TAG_F64:
		WIDEN(double, double);
	default:
		return -EBADMSG;
	}
}

/* ---- Integers ---- */

static int typed_ints(struct arena *arena, struct ttlog_cbor *in, size_t n, uint64_t **ret)
{
	struct ttlog_text bytes;
	uint64_t tag, *nums;

	if (typed_bytes(in, &tag, &bytes) || bytes.len < n)
		return -EBADMSG;
	nums = arena__alloc(arena, n, sizeof(*nums));
	if (!nums)
		return -ENOMEM;
	*ret = nums;
	return widen_ints(tag, bytes, n, nums);
}

/* n numbers of `bits` bits each, lowest bit first. The caller has checked bytes.len. */
static void unpack_bits(struct ttlog_text bytes, unsigned bits, uint64_t base, size_t n,
			uint64_t *out)
{
	const uint64_t mask = (UINT64_C(1) << bits) - 1;
	size_t i = 0, last = bytes.len < sizeof(uint64_t) ? 0 : bytes.len - sizeof(uint64_t);
	uint64_t word;

	/* while eight bytes can be read from the number's first byte on */
	for (; i < n && i * bits / 8 < last; i++) {
		memcpy(&word, bytes.p + i * bits / 8, sizeof(word));
		out[i] = base + (word >> i * bits % 8 & mask);
	}
	for (; i < n; i++) {
		size_t at = i * bits / 8, left = bytes.len - at;

		word = 0;
		memcpy(&word, bytes.p + at, left < sizeof(word) ? left : sizeof(word));
		out[i] = base + (word >> i * bits % 8 & mask);
	}
}

static int packed_ints(struct arena *arena, struct keys *keys, size_t n, uint64_t **ret)
{
	struct ttlog_cbor_item bytes;
	uint64_t bits, base;

	if (!keys->bits.at || !keys->base.at || cbor_reader__uint(&keys->bits, &bits) ||
	    cbor_reader__int(&keys->base, &base) || ttlog_cbor_next(&keys->packed, &bytes) ||
	    bytes.kind != TTLOG_CBOR_BYTES)
		return -EBADMSG;
	if (!bits || bits > FORMAT_PACKED_MAX_BITS || bytes.text.len != (n * bits + 7) / 8)
		return -EBADMSG;
	*ret = arena__alloc(arena, n, sizeof(**ret));
	if (!*ret)
		return -ENOMEM;
	unpack_bits(bytes.text, (unsigned)bits, base, n, *ret);
	return 0;
}

/* A typed array or packed numbers. */
static int array_ints(struct arena *arena, struct ttlog_cbor *in, size_t n, uint64_t **ret)
{
	enum ttlog_cbor_kind kind;
	struct keys keys;

	if (cbor_reader__peek(in, &kind))
		return -EBADMSG;
	if (kind == TTLOG_CBOR_TAG)
		return typed_ints(arena, in, n, ret);
	if (read_keys(in, &keys) || !keys.packed.at)
		return -EBADMSG;
	return packed_ints(arena, &keys, n, ret);
}

/*
 * The size of the "values" array: without an index n, with one at most as many as a chunk may have
 * events.
 */
static int begin_values(struct keys *keys, size_t n, uint64_t *ret_cnt)
{
	uint64_t cnt;

	if (cbor_reader__array(&keys->values, &cnt) || !cnt || cnt > FORMAT_CHUNK_MAX_EVENTS ||
	    (!keys->index.at && cnt != n))
		return -EBADMSG;
	*ret_cnt = cnt;
	return 0;
}

static int unpack_ints(struct arena *arena, struct ttlog_cbor *in, size_t n,
		       struct ttlog_column *ret);

/* A column of indices into `cnt` values. All are checked here, none later. */
static int unpack_index(struct arena *arena, struct ttlog_cbor *in, size_t n, uint64_t cnt,
			struct ttlog_column *ret)
{
	int err = unpack_ints(arena, in, n, ret);

	for (size_t i = 0; !err && i < (ret->mask ? n : 1); i++) {
		if (ret->nums[i] >= cnt)
			err = -EBADMSG;
	}
	return err;
}

static int real_of(struct ttlog_cbor *in, double *ret)
{
	struct ttlog_cbor_item item;

	if (ttlog_cbor_next(in, &item))
		return -EBADMSG;
	if (item.kind == TTLOG_CBOR_FLOAT)
		*ret = item.d;
	else if (item.kind == TTLOG_CBOR_UINT)
		*ret = (double)item.u;
	else if (item.kind == TTLOG_CBOR_NEGINT)
		*ret = -1.0 - (double)item.u;
	else
		return -EBADMSG;
	return 0;
}

/* The type of the column says which. */
union number {
	uint64_t num;
	double real;
};

/* The column's "values"; with an index, the value of each element. */
static int unpack_values(struct arena *arena, struct keys *keys, size_t n, bool is_real,
			 struct ttlog_column *ret)
{
	union number *values, *picked;
	struct ttlog_column index;
	uint64_t cnt;
	int err;

	if (begin_values(keys, n, &cnt))
		return -EBADMSG;
	picked = values = arena__alloc(arena, cnt, sizeof(*values));
	if (!values)
		return -ENOMEM;
	for (uint64_t i = 0; i < cnt; i++) {
		if (is_real ? real_of(&keys->values, &values[i].real)
			    : cbor_reader__int(&keys->values, &values[i].num))
			return -EBADMSG;
	}
	if (keys->index.at) {
		err = unpack_index(arena, &keys->index, n, cnt, &index);
		if (err)
			return err;
		picked = arena__alloc(arena, n, sizeof(*picked));
		if (!picked)
			return -ENOMEM;
		for (size_t i = 0; i < n; i++)
			picked[i] = values[index.nums[i & index.mask]];
	}
	if (is_real)
		ret->reals = &picked->real;
	else
		ret->nums = &picked->num;
	ret->mask = ALL;
	return 0;
}

static int unpack_ints(struct arena *arena, struct ttlog_cbor *in, size_t n,
		       struct ttlog_column *ret)
{
	enum ttlog_cbor_kind kind;
	struct keys keys;
	uint64_t *nums, sum;
	int err;

	if (cbor_reader__peek(in, &kind))
		return -EBADMSG;
	ret->mask = ALL;
	if (kind == TTLOG_CBOR_TAG) {
		err = typed_ints(arena, in, n, &nums);
		ret->nums = nums;
		return err;
	}
	if (read_keys(in, &keys))
		return -EBADMSG;
	if (keys.constant.at) {
		nums = arena__alloc(arena, 1, sizeof(*nums));
		ret->nums = nums;
		ret->mask = 0;
		return nums ? cbor_reader__int(&keys.constant, nums) : -ENOMEM;
	}
	if (keys.values.at)
		return unpack_values(arena, &keys, n, false, ret);
	if (keys.packed.at) {
		err = packed_ints(arena, &keys, n, &nums);
		ret->nums = nums;
		return err;
	}
	if (!keys.first.at || !keys.delta.at || cbor_reader__int(&keys.first, &sum))
		return -EBADMSG;
	err = array_ints(arena, &keys.delta, n, &nums);
	if (err)
		return err;
	for (size_t i = 0; i < n; i++) {
		sum += nums[i];
		nums[i] = sum;
	}
	ret->nums = nums;
	return 0;
}

/* ---- Floating point ---- */

/* Only checks the units. real_at() divides, because most values are never shown. */
static int scaled_reals(struct arena *arena, struct keys *keys, size_t n, struct ttlog_column *ret)
{
	struct ttlog_column units = { .nums = NULL };
	uint64_t *scale = arena__alloc(arena, 1, sizeof(*scale));
	bool too_large = false;
	int err;

	if (!scale)
		return -ENOMEM;
	if (cbor_reader__uint(&keys->scale, scale) || *scale > FLOAT_SCALE_MAX)
		return -EBADMSG;
	err = unpack_ints(arena, &keys->units, n, &units);
	if (err)
		return err;
	for (size_t i = 0; i < (units.mask ? n : 1); i++)
		too_large |= units.nums[i] + EXACT_UNITS - 1 > 2 * (EXACT_UNITS - 1);
	if (too_large)
		return -EBADMSG;
	ret->scales = scale;
	ret->nums = units.nums;
	ret->mask = units.mask;
	return 0;
}

static int unpack_reals(struct arena *arena, struct ttlog_cbor *in, size_t n,
			struct ttlog_column *ret)
{
	enum ttlog_cbor_kind kind;
	struct keys keys;
	struct ttlog_text bytes;
	uint64_t tag;
	double *reals;

	if (cbor_reader__peek(in, &kind))
		return -EBADMSG;
	ret->mask = ALL;
	if (kind == TTLOG_CBOR_TAG) {
		if (typed_bytes(in, &tag, &bytes) || bytes.len < n)
			return -EBADMSG;
		reals = arena__alloc(arena, n, sizeof(*reals));
		ret->reals = reals;
		return reals ? widen_reals(tag, bytes, n, reals) : -ENOMEM;
	}
	if (read_keys(in, &keys))
		return -EBADMSG;
	if (keys.constant.at) {
		reals = arena__alloc(arena, 1, sizeof(*reals));
		ret->reals = reals;
		ret->mask = 0;
		return reals ? real_of(&keys.constant, reals) : -ENOMEM;
	}
	if (keys.values.at)
		return unpack_values(arena, &keys, n, true, ret);
	if (!keys.scale.at || !keys.units.at)
		return -EBADMSG;
	return scaled_reals(arena, &keys, n, ret);
}

/* ---- Decimals ---- */

static int unpack_decimals(struct arena *arena, struct ttlog_cbor *in, size_t n,
			   struct ttlog_column *ret)
{
	struct ttlog_column units = { .nums = NULL }, scale = { .nums = NULL };
	enum ttlog_cbor_kind kind;
	struct keys keys;
	uint64_t *one;
	int err;

	if (read_keys(in, &keys) || !keys.scale.at || !keys.units.at ||
	    cbor_reader__peek(&keys.scale, &kind))
		return -EBADMSG;
	if (kind == TTLOG_CBOR_UINT) {
		one = arena__alloc(arena, 1, sizeof(*one));
		scale.nums = one;
		err = one ? cbor_reader__uint(&keys.scale, one) : -ENOMEM;
	} else {
		err = unpack_ints(arena, &keys.scale, n, &scale);
	}
	if (!err)
		err = unpack_ints(arena, &keys.units, n, &units);
	if (err)
		return err;
	for (size_t i = 0; i < (scale.mask ? n : 1); i++) {
		if (scale.nums[i] > DECIMAL_SCALE_MAX)
			return -EBADMSG;
	}
	ret->nums = units.nums;
	ret->mask = units.mask;
	ret->scales = scale.nums;
	ret->scale_mask = scale.mask;
	return 0;
}

/* ---- Text and bytes ---- */

static int text_of_item(struct ttlog_cbor *in, struct ttlog_column_text *ret)
{
	struct ttlog_cbor_item item;
	bool cut = false;

	if (ttlog_cbor_next(in, &item))
		return -EBADMSG;
	if (item.kind == TTLOG_CBOR_ARRAY) {
		cut = true;
		if (item.u != 1 || ttlog_cbor_next(in, &item))
			return -EBADMSG;
	}
	if (item.kind == TTLOG_CBOR_NULL && !cut)
		*ret = (struct ttlog_column_text){ .null = true };
	else if (item.kind == TTLOG_CBOR_TEXT || item.kind == TTLOG_CBOR_BYTES)
		*ret = (struct ttlog_column_text){ .text = item.text, .cut = cut };
	else
		return -EBADMSG;
	return 0;
}

static int unpack_texts(struct arena *arena, struct ttlog_cbor *in, size_t n,
			struct ttlog_column *ret)
{
	struct ttlog_column index = { .nums = NULL };
	struct ttlog_column_text *texts;
	struct keys keys;
	uint64_t cnt = 1;
	int err;

	if (read_keys(in, &keys))
		return -EBADMSG;
	if (!keys.constant.at && (!keys.values.at || begin_values(&keys, n, &cnt)))
		return -EBADMSG;
	texts = arena__alloc(arena, cnt, sizeof(*texts));
	if (!texts)
		return -ENOMEM;
	ret->texts = texts;
	ret->text_cnt = (uint32_t)cnt;
	if (keys.constant.at)
		return text_of_item(&keys.constant, texts);
	for (uint64_t i = 0; i < cnt; i++) {
		if (text_of_item(&keys.values, &texts[i]))
			return -EBADMSG;
	}
	ret->mask = ALL;
	if (!keys.index.at)
		return 0;
	err = unpack_index(arena, &keys.index, n, cnt, &index);
	ret->index = index.nums;
	ret->index_mask = index.mask;
	return err;
}

/* ---- Nulls ---- */

/* Of a column of numbers. Then `in` is the column of these. */
static int unpack_nulls(struct arena *arena, struct ttlog_cbor *in, size_t n,
			struct ttlog_column *ret)
{
	struct ttlog_cbor_item bytes;
	struct ttlog_cbor map = *in;
	enum ttlog_cbor_kind kind;
	unsigned char *nulls;
	struct keys keys;

	if (cbor_reader__peek(in, &kind))
		return -EBADMSG;
	if (kind != TTLOG_CBOR_MAP)
		return 0;
	if (read_keys(&map, &keys))
		return -EBADMSG;
	if (!keys.nulls.at)
		return 0;
	if (!keys.of.at || ttlog_cbor_next(&keys.nulls, &bytes) || bytes.kind != TTLOG_CBOR_BYTES ||
	    bytes.text.len != (n + 7) / 8)
		return -EBADMSG;
	nulls = arena__alloc(arena, bytes.text.len, 1);
	if (!nulls)
		return -ENOMEM;
	memcpy(nulls, bytes.text.p, bytes.text.len);
	ret->nulls = nulls;
	*in = keys.of;
	return 0;
}

int unpack__column(struct arena *arena, struct ttlog_cbor *in, uint8_t type, size_t n,
		   struct ttlog_column *ret)
{
	struct ttlog_column column = { .type = type };
	int err = is_text(type) ? 0 : unpack_nulls(arena, in, n, &column);

	if (err)
		return err;
	if (is_real(type))
		err = unpack_reals(arena, in, n, &column);
	else if (is_text(type))
		err = unpack_texts(arena, in, n, &column);
	else if (type == TTLOG_TYPE_DECIMAL)
		err = unpack_decimals(arena, in, n, &column);
	else
		err = unpack_ints(arena, in, n, &column);
	if (!err)
		*ret = column;
	return err;
}

static double real_at(const struct ttlog_column *column, size_t i)
{
	double v;

	if (column->reals)
		return column->reals[i & column->mask];
	v = (double)(int64_t)column->nums[i & column->mask] / POWERS[column->scales[0]];
	return column->type == TTLOG_TYPE_F32 ? (double)(float)v : v;
}

void ttlog_column_field(const struct ttlog_column *column, size_t i, struct ttlog_field *ret)
{
	const struct ttlog_column_text *text;

	ret->type = column->type;
	ret->null = ttlog_column_is_null(column, i);
	ret->cut = false;
	ret->scale = 0;
	ret->u = 0;
	if (ret->null)
		return;
	if (is_real(column->type)) {
		ret->d = real_at(column, i);
	} else if (is_text(column->type)) {
		text = column->index ? &column->texts[column->index[i & column->index_mask]]
				     : &column->texts[i & column->mask];
		ret->text = text->text;
		ret->null = text->null;
		ret->cut = text->cut;
	} else {
		ret->u = column->nums[i & column->mask];
		if (column->type == TTLOG_TYPE_DECIMAL)
			ret->scale = (uint8_t)column->scales[i & column->scale_mask];
	}
}
