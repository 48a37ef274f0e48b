/* SPDX-License-Identifier: MIT */
/*
 * Chooses and writes the encoding of integers: a constant; the narrowest array; the narrowest array
 * of differences, if that is narrower or all differences are equal; or, instead of an array, packed
 * bits, if LZ4 does not do better with whole bytes. Noise, as most measured values are to LZ4, is
 * packed; what repeats is left to LZ4.
 */
#include <endian.h>
#include <lz4.h>
#include <string.h>

#include "cbor_out.h"
#include "format.h"
#include "ints_out.h"

#define MAP_COST_BYTES 24u /* what {"first": a, "delta": ...} takes beside the array, about */
#define PACKED_COST_BYTES                                                                          \
	48u /* {"bits": w, "base": a, "packed": ...}, and more, because packing takes time */
/* ---- shapes ---- */

unsigned int ints_out__width(uint64_t max, unsigned int *ret_tag)
{
	if (max <= UINT8_MAX) {
		*ret_tag = FORMAT_TAG_U8;
		return 1;
	}
	if (max <= UINT16_MAX) {
		*ret_tag = FORMAT_TAG_U16;
		return 2;
	}
	*ret_tag = max <= UINT32_MAX ? FORMAT_TAG_U32 : FORMAT_TAG_U64;
	return max <= UINT32_MAX ? 4 : 8;
}

static unsigned int signed_width(int64_t min, int64_t max, unsigned int *ret_tag)
{
	if (min >= 0)
		return ints_out__width((uint64_t)max, ret_tag);
	if (min >= INT8_MIN && max <= INT8_MAX) {
		*ret_tag = FORMAT_TAG_I8;
		return 1;
	}
	if (min >= INT16_MIN && max <= INT16_MAX) {
		*ret_tag = FORMAT_TAG_I16;
		return 2;
	}
	if (min >= INT32_MIN && max <= INT32_MAX) {
		*ret_tag = FORMAT_TAG_I32;
		return 4;
	}
	*ret_tag = FORMAT_TAG_I64;
	return 8;
}

static unsigned int bits_of(uint64_t range)
{
	return range ? 64 - (unsigned int)__builtin_clzll(range) : 0;
}

struct int_shape int_shape__of(const uint64_t *values, size_t cnt, bool is_signed)
{
	/* flipping the sign bit makes signed order unsigned order */
	const uint64_t flip = is_signed ? UINT64_C(1) << 63 : 0;
	uint64_t min = values[0] ^ flip, max = min;
	int64_t delta_min = INT64_MAX, delta_max = INT64_MIN;
	struct int_shape shape;

	for (size_t i = 1; i < cnt; i++) {
		uint64_t value = values[i] ^ flip;
		int64_t delta = (int64_t)(values[i] - values[i - 1]);

		min = value < min ? value : min;
		max = value > max ? value : max;
		delta_min = delta < delta_min ? delta : delta_min;
		delta_max = delta > delta_max ? delta : delta_max;
	}
	shape.is_const = min == max;
	shape.is_step = cnt > 1 && delta_min == delta_max;
	shape.min = min ^ flip;
	shape.bits = bits_of(max - min);
	shape.bytes =
		is_signed ? signed_width((int64_t)(min ^ flip), (int64_t)(max ^ flip), &shape.tag)
			  : ints_out__width(max, &shape.tag);
	/* the first difference is 0 */
	delta_min = delta_min < 0 ? delta_min : 0;
	delta_max = delta_max > 0 ? delta_max : 0;
	shape.delta_min = delta_min;
	shape.delta_bits = bits_of((uint64_t)delta_max - (uint64_t)delta_min);
	shape.delta_bytes = signed_width(delta_min, delta_max, &shape.delta_tag);
	return shape;
}

static size_t packed_bytes(size_t cnt, unsigned int bits)
{
	return (cnt * bits + 7) / 8;
}

static bool may_pack(size_t cnt, unsigned int bytes, unsigned int bits)
{
	return bits && bits <= FORMAT_PACKED_MAX_BITS &&
	       packed_bytes(cnt, bits) + PACKED_COST_BYTES < cnt * bytes;
}

static bool is_delta_better(const struct int_shape *shape, size_t cnt)
{
	if (shape->is_step)
		return shape->bytes * cnt > MAP_COST_BYTES && shape->delta_bytes <= shape->bytes;
	/* noise above a large base: differences would only add to it */
	if (may_pack(cnt, shape->bytes, shape->bits) && shape->bits <= shape->delta_bits)
		return false;
	return shape->delta_bytes < shape->bytes &&
	       (shape->bytes - shape->delta_bytes) * cnt > MAP_COST_BYTES;
}

bool int_shape__is_narrower(const struct int_shape *shape, size_t cnt, unsigned int bytes)
{
	return shape->bytes < bytes ||
	       (shape->bytes == bytes && may_pack(cnt, bytes, shape->bits)) ||
	       (shape->delta_bytes < bytes && is_delta_better(shape, cnt));
}

/* ---- arrays ---- */

/* The values, or their differences (the first 0), in so many bytes each. */
static void store_ints(unsigned char *to, const uint64_t *values, size_t cnt, unsigned int bytes,
		       bool is_delta)
{
	uint64_t before = values[0];

	for (size_t i = 0; i < cnt; i++) {
		uint64_t value = htole64(is_delta ? values[i] - before : values[i]);

		before = values[i];
		/* constant lengths make each of these one store */
		switch (bytes) {
		case 1:
			memcpy(to + i, &value, 1);
			break;
		case 2:
			memcpy(to + i * 2, &value, 2);
			break;
		case 4:
			memcpy(to + i * 4, &value, 4);
			break;
		default:
			memcpy(to + i * 8, &value, 8);
			break;
		}
	}
}

/* The values less `base`, in so many bits each, the lowest first. */
static void store_packed(unsigned char *to, const uint64_t *values, size_t cnt, unsigned int bits,
			 uint64_t base, bool is_delta)
{
	uint64_t before = values[0], word = 0, rest;
	unsigned int used = 0;

	for (size_t i = 0; i < cnt; i++) {
		uint64_t value = (is_delta ? values[i] - before : values[i]) - base;

		before = values[i];
		word |= value << used;
		used += bits;
		if (used < 64)
			continue;
		rest = htole64(word);
		memcpy(to, &rest, sizeof(rest));
		to += sizeof(rest);
		used -= 64;
		word = used ? value >> (bits - used) : 0;
	}
	rest = htole64(word);
	memcpy(to, &rest, (used + 7) / 8);
}

/* Whether the first values, in whole bytes, are smaller after LZ4 than packed. */
static bool is_lz4_better(struct ints_out *ints, const uint64_t *values, size_t cnt,
			  unsigned int bytes, unsigned int bits, bool is_delta)
{
	const size_t trial_cnt = cnt < INTS_OUT_TRIAL_CNT ? cnt : INTS_OUT_TRIAL_CNT;

	store_ints(ints->bytes, values, trial_cnt, bytes, is_delta);
	/* 0: it does not fit */
	return LZ4_compress_default((const char *)ints->bytes, ints->packed,
				    (int)(trial_cnt * bytes),
				    (int)packed_bytes(trial_cnt, bits)) > 0;
}

static void put_array(struct cbor_out *out, const uint64_t *values, size_t cnt, unsigned int bytes,
		      unsigned int tag, bool is_delta)
{
	unsigned char *to = cbor_out__typed_array(out, tag, cnt * bytes);

	if (to)
		store_ints(to, values, cnt, bytes, is_delta);
}

void ints_out__put_array(struct cbor_out *out, const uint64_t *values, size_t cnt,
			 unsigned int bytes, unsigned int tag)
{
	put_array(out, values, cnt, bytes, tag, false);
}

static void put_int(struct cbor_out *out, uint64_t value, bool is_signed)
{
	if (is_signed)
		cbor_out__int(out, (int64_t)value);
	else
		cbor_out__uint(out, value);
}

static void put_packed(struct cbor_out *out, const uint64_t *values, size_t cnt, unsigned int bits,
		       uint64_t base, bool is_signed, bool is_delta)
{
	unsigned char *to;

	cbor_out__map(out, 3);
	cbor_out__text(out, "bits");
	cbor_out__uint(out, bits);
	cbor_out__text(out, "base");
	put_int(out, base, is_signed);
	cbor_out__text(out, "packed");
	to = cbor_out__byte_array(out, packed_bytes(cnt, bits));
	if (to)
		store_packed(to, values, cnt, bits, base, is_delta);
}

static void put_values(struct ints_out *ints, struct cbor_out *out, const struct int_shape *shape,
		       const uint64_t *values, size_t cnt, bool is_signed)
{
	if (may_pack(cnt, shape->bytes, shape->bits) &&
	    !is_lz4_better(ints, values, cnt, shape->bytes, shape->bits, false))
		put_packed(out, values, cnt, shape->bits, shape->min, is_signed, false);
	else
		put_array(out, values, cnt, shape->bytes, shape->tag, false);
}

static void put_deltas(struct ints_out *ints, struct cbor_out *out, const struct int_shape *shape,
		       const uint64_t *values, size_t cnt)
{
	if (may_pack(cnt, shape->delta_bytes, shape->delta_bits) &&
	    !is_lz4_better(ints, values, cnt, shape->delta_bytes, shape->delta_bits, true))
		put_packed(out, values, cnt, shape->delta_bits, (uint64_t)shape->delta_min, true,
			   true);
	else
		put_array(out, values, cnt, shape->delta_bytes, shape->delta_tag, true);
}

void ints_out__put(struct ints_out *ints, struct cbor_out *out, const struct int_shape *shape,
		   const uint64_t *values, size_t cnt, bool is_signed)
{
	if (shape->is_const) {
		cbor_out__map(out, 1);
		cbor_out__text(out, "const");
		put_int(out, values[0], is_signed);
	} else if (is_delta_better(shape, cnt)) {
		cbor_out__map(out, 2);
		cbor_out__text(out, "first");
		put_int(out, values[0], is_signed);
		cbor_out__text(out, "delta");
		put_deltas(ints, out, shape, values, cnt);
	} else {
		put_values(ints, out, shape, values, cnt, is_signed);
	}
}
