/* SPDX-License-Identifier: MIT */
/*
 * Choosing and writing column encodings.
 *
 * Integers: ints_out.c. Floats: a constant, scaled decimals where every value comes back bit for
 * bit (so no -0.0, infinity or NaN), else the bits. Strings: a constant, a dictionary with an
 * index, or a list, whichever is shortest.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cbor_out.h"
#include "column_out.h"
#include "format.h"
#include "ints_out.h"
#include "value.h"

#define MAX_SCALE        22u /* the largest power of ten that a double holds exactly */
#define EXACT_UNITS      9007199254740992.0 /* 2^53 */
#define DICTIONARY_TRIAL 1024u /* after so many values it is decided whether to go on */
#define SLOT_CNT         (2 * FORMAT_CHUNK_MAX_EVENTS) /* a power of two */
#define MAX_PROBES       32u /* strings that are made to collide cost room, not time */

/* Scratch memory. */
struct column_out {
	struct ints_out packing;
	uint64_t ints[FORMAT_CHUNK_MAX_EVENTS]; /* units of decimals, indices of strings */
	uint64_t scales[FORMAT_CHUNK_MAX_EVENTS];
	uint32_t slots[SLOT_CNT];                   /* numbers of distinct strings + 1; 0: free */
	uint32_t distinct[FORMAT_CHUNK_MAX_EVENTS]; /* where each distinct string is first */
};

struct column_out *column_out__new(void)
{
	return malloc(sizeof(struct column_out));
}

void column_out__free(struct column_out *column)
{
	free(column);
}

void column_out__ints(struct column_out *column, struct cbor_out *out, const uint64_t *values,
		      size_t cnt, bool is_signed)
{
	const struct int_shape shape = int_shape__of(values, cnt, is_signed);

	ints_out__put(&column->packing, out, &shape, values, cnt, is_signed);
}

/* ---- floats ---- */

static const double powers_of_ten[MAX_SCALE + 1] = {
	1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
	1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
};

static double as_double(uint64_t bits)
{
	double value;

	memcpy(&value, &bits, sizeof(value));
	return value;
}

static float as_float(uint64_t bits)
{
	uint32_t low = (uint32_t)bits;
	float value;

	memcpy(&value, &low, sizeof(value));
	return value;
}

static uint64_t bits_of(double value, bool is_float)
{
	float rounded = (float)value;
	uint32_t low;
	uint64_t bits;

	if (is_float) {
		memcpy(&low, &rounded, sizeof(low));
		return low;
	}
	memcpy(&bits, &value, sizeof(bits));
	return bits;
}

/* The units that give exactly these bits at that scale. 0, -EAGAIN: a larger scale may do, or
 * -ERANGE: none does. */
static int scale_value(uint64_t bits, bool is_float, unsigned int scale, uint64_t *ret_units)
{
	const double value = is_float ? (double)as_float(bits) : as_double(bits);
	const double scaled = value * powers_of_ten[scale];
	int64_t units;

	if (!(fabs(scaled) < EXACT_UNITS - 1))
		return -ERANGE; /* NaN too */
	units = (int64_t)(scaled + (scaled < 0 ? -0.5 : 0.5));
	if (bits_of((double)units / powers_of_ten[scale], is_float) != bits)
		return scale < MAX_SCALE ? -EAGAIN : -ERANGE;
	*ret_units = (uint64_t)units;
	return 0;
}

/* The smallest scale at which all values are exact, their units in column->ints. False: none. */
static bool find_scale(struct column_out *column, const uint64_t *bits, size_t cnt, bool is_float,
		       unsigned int *ret_scale)
{
	unsigned int scale = 0;
	size_t i = 0;

	while (i < cnt) {
		int err = scale_value(bits[i], is_float, scale, &column->ints[i]);

		if (err == -ERANGE)
			return false;
		if (err == 0) {
			i++;
			continue;
		}
		/* find the scale that this one needs, then begin anew with that */
		while (err == -EAGAIN)
			err = scale_value(bits[i], is_float, ++scale, &column->ints[i]);
		if (err)
			return false;
		i = 0;
	}
	*ret_scale = scale;
	return true;
}

static bool all_equal(const uint64_t *values, size_t cnt)
{
	for (size_t i = 1; i < cnt; i++)
		if (values[i] != values[0])
			return false;
	return true;
}

static void put_const_float(struct cbor_out *out, uint64_t bits, bool is_float)
{
	cbor_out__map(out, 1);
	cbor_out__text(out, "const");
	if (is_float)
		cbor_out__single(out, as_float(bits));
	else
		cbor_out__double(out, as_double(bits));
}

void column_out__floats(struct column_out *column, struct cbor_out *out, const uint64_t *bits,
			size_t cnt, bool is_float)
{
	const unsigned int width = is_float ? sizeof(float) : sizeof(double);
	struct int_shape shape;
	unsigned int scale;

	/* a NaN's bits might not survive as a CBOR float */
	if (all_equal(bits, cnt) &&
	    !isnan(is_float ? (double)as_float(bits[0]) : as_double(bits[0]))) {
		put_const_float(out, bits[0], is_float);
		return;
	}
	if (find_scale(column, bits, cnt, is_float, &scale)) {
		shape = int_shape__of(column->ints, cnt, true);
		if (int_shape__is_narrower(&shape, cnt, width)) {
			cbor_out__map(out, 2);
			cbor_out__text(out, "scale");
			cbor_out__uint(out, scale);
			cbor_out__text(out, "units");
			ints_out__put(&column->packing, out, &shape, column->ints, cnt, true);
			return;
		}
	}
	ints_out__put_array(out, bits, cnt, width, is_float ? FORMAT_TAG_F32 : FORMAT_TAG_F64);
}

void column_out__decimals(struct column_out *column, struct cbor_out *out,
			  const struct value *values, size_t cnt)
{
	for (size_t i = 0; i < cnt; i++) {
		column->ints[i] = values[i].u;
		column->scales[i] = values[i].scale;
	}
	cbor_out__map(out, 2);
	cbor_out__text(out, "scale");
	if (all_equal(column->scales, cnt))
		cbor_out__uint(out, column->scales[0]);
	else
		column_out__ints(column, out, column->scales, cnt, false);
	cbor_out__text(out, "units");
	column_out__ints(column, out, column->ints, cnt, true);
}

/* ---- strings ---- */

static uint64_t hash_value(const struct value *value)
{
	uint64_t hash =
		value->len + ((uint64_t)value->is_null << 32) + ((uint64_t)value->is_cut << 33);
	const unsigned char *at = value->bytes;
	uint64_t word;

	for (uint32_t left = value->len; left; left -= left < 8 ? left : 8, at += 8) {
		word = 0;
		memcpy(&word, at, left < 8 ? left : 8);
		hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
		hash ^= hash >> 29;
	}
	hash *= UINT64_C(0xbf58476d1ce4e5b9);
	return hash ^ (hash >> 32);
}

static bool is_same(const struct value *a, const struct value *b)
{
	return a->len == b->len && a->is_null == b->is_null && a->is_cut == b->is_cut &&
	       (!a->len || memcmp(a->bytes, b->bytes, a->len) == 0);
}

/* The value's number among the *cnt distinct ones; adds it if it is new. */
static uint32_t find_distinct(struct column_out *column, const struct value *values, uint32_t i,
			      uint64_t slot_mask, uint32_t *cnt)
{
	uint64_t at = hash_value(&values[i]) & slot_mask;

	for (unsigned int probe = 0; probe < MAX_PROBES; probe++) {
		uint32_t found = column->slots[at];

		if (!found) {
			column->slots[at] = *cnt + 1;
			break;
		}
		if (is_same(&values[column->distinct[found - 1]], &values[i]))
			return found - 1;
		at = (at + 1) & slot_mask;
	}
	column->distinct[*cnt] = i;
	return (*cnt)++;
}

/* Fills column->distinct and, as indices into it, column->ints. Returns the number of distinct
 * values, or 0 if a plain list is shorter. */
static uint32_t build_dictionary(struct column_out *column, const struct value *values, size_t cnt)
{
	size_t list_bytes = 0, dictionary_bytes = 0;
	uint64_t slot_cnt = 1;
	uint32_t distinct = 0;
	unsigned int tag;

	while (slot_cnt < cnt * 2)
		slot_cnt *= 2;
	memset(column->slots, 0, slot_cnt * sizeof(*column->slots));
	for (uint32_t i = 0; i < cnt; i++) {
		uint32_t before = distinct;

		if (i == DICTIONARY_TRIAL && distinct > DICTIONARY_TRIAL / 4 * 3)
			return 0;
		column->ints[i] = find_distinct(column, values, i, slot_cnt - 1, &distinct);
		list_bytes += values[i].len + 1;
		if (distinct > before)
			dictionary_bytes += values[i].len + 1;
	}
	dictionary_bytes += ints_out__width(distinct - 1, &tag) * cnt;
	return distinct == 1 || dictionary_bytes < list_bytes ? distinct : 0;
}

static void put_text_value(struct cbor_out *out, const struct value *value)
{
	if (value->is_null) {
		cbor_out__null(out);
		return;
	}
	if (value->is_cut)
		cbor_out__array(out, 1);
	if (value->type == TTLOG_TYPE_STR)
		cbor_out__text_or_bytes(out, value->bytes, value->len);
	else
		cbor_out__bytes(out, value->bytes, value->len);
}

void column_out__texts(struct column_out *column, struct cbor_out *out, const struct value *values,
		       size_t cnt)
{
	const uint32_t distinct = build_dictionary(column, values, cnt);

	cbor_out__map(out, distinct > 1 ? 2 : 1);
	if (distinct == 1) {
		cbor_out__text(out, "const");
		put_text_value(out, &values[0]);
		return;
	}
	cbor_out__text(out, "values");
	cbor_out__array(out, distinct ? distinct : cnt);
	for (size_t i = 0; i < (distinct ? distinct : cnt); i++)
		put_text_value(out, &values[distinct ? column->distinct[i] : i]);
	if (!distinct)
		return;
	cbor_out__text(out, "index");
	column_out__ints(column, out, column->ints, cnt, false);
}
