/* SPDX-License-Identifier: MIT */
/*
 * A second reader of columns, from FORMAT.md section 5: one value at a time, by cbor_load(). The
 * test fails at a value that it can't read.
 */
#ifndef TTLOG_TESTS_DECODE_H
#define TTLOG_TESTS_DECODE_H

#include <cbor.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "format.h"

/* The value of a text key; NULL if the map has none. */
static inline cbor_item_t *decode__get(const cbor_item_t *map, const char *name)
{
	struct cbor_pair *pairs = cbor_map_handle(map);

	for (size_t i = 0; i < cbor_map_size(map); i++)
		if (cbor_string_length(pairs[i].key) == strlen(name) &&
		    !memcmp(cbor_string_handle(pairs[i].key), name, strlen(name)))
			return pairs[i].value;
	return NULL;
}

static inline cbor_item_t *decode__at(const cbor_item_t *array, size_t i)
{
	assert_true(cbor_isa_array(array) && i < cbor_array_size(array));
	return cbor_array_handle(array)[i];
}

static inline uint64_t decode__int(const cbor_item_t *item)
{
	assert_true(cbor_is_int(item));
	return cbor_isa_negint(item) ? ~cbor_get_int(item) : cbor_get_int(item);
}

static inline bool decode__is_text(const cbor_item_t *item, const char *text)
{
	return item && cbor_isa_string(item) && cbor_string_length(item) == strlen(text) &&
	       !memcmp(cbor_string_handle(item), text, strlen(text));
}

static inline size_t decode__tag_width(unsigned int tag)
{
	switch (tag) {
	case FORMAT_TAG_U8:
	case FORMAT_TAG_I8:
		return 1;
	case FORMAT_TAG_U16:
	case FORMAT_TAG_I16:
		return 2;
	case FORMAT_TAG_U32:
	case FORMAT_TAG_I32:
	case FORMAT_TAG_F32:
		return 4;
	case FORMAT_TAG_U64:
	case FORMAT_TAG_I64:
	case FORMAT_TAG_F64:
		return 8;
	default:
		fail_msg("tag %u", tag);
		return 0;
	}
}

/* Element i of a typed array, its bits zero- or sign-extended; ret_cnt gets the number of
 * elements. */
static inline uint64_t decode__typed(const cbor_item_t *item, size_t i, size_t *ret_cnt)
{
	unsigned int tag = (unsigned int)cbor_tag_value(item);
	size_t width = decode__tag_width(tag);
	cbor_item_t *bytes = cbor_move(cbor_tag_item(item));
	uint64_t value = 0;

	assert_true(cbor_isa_bytestring(bytes));
	*ret_cnt = cbor_bytestring_length(bytes) / width;
	assert_int_equal(*ret_cnt * width, cbor_bytestring_length(bytes));
	assert_true(i < *ret_cnt);
	memcpy(&value, cbor_bytestring_handle(bytes) + i * width, width);
	if (tag >= FORMAT_TAG_I8 && tag <= FORMAT_TAG_I64 && width < 8 && value >> (8 * width - 1))
		value |= ~UINT64_C(0) << (8 * width);
	return value;
}

/* Element i of cnt in packed bits, bit by bit. */
static inline uint64_t decode__packed(const cbor_item_t *map, size_t i, size_t cnt)
{
	const uint64_t bits = decode__int(decode__get(map, "bits"));
	const cbor_item_t *bytes = decode__get(map, "packed");
	uint64_t value = 0;

	assert_true(bits >= 1 && bits <= 56 && cbor_isa_bytestring(bytes));
	assert_int_equal(cbor_bytestring_length(bytes), (cnt * bits + 7) / 8);
	for (uint64_t k = 0; k < bits; k++) {
		uint64_t at = i * bits + k;
		unsigned int byte = cbor_bytestring_handle(bytes)[at / 8];

		value |= (uint64_t)(byte >> at % 8 & 1) << k;
	}
	return value + decode__int(decode__get(map, "base"));
}

/* Element i of differences: typed or packed. */
static inline uint64_t decode__delta(const cbor_item_t *deltas, size_t i, size_t cnt)
{
	uint64_t value;
	size_t found;

	if (cbor_isa_map(deltas))
		return decode__packed(deltas, i, cnt);
	value = decode__typed(deltas, i, &found);
	assert_int_equal(found, cnt);
	return value;
}

/* Element i of a column of integers of cnt values. */
static inline uint64_t decode__column_int(const cbor_item_t *column, size_t i, size_t cnt)
{
	const cbor_item_t *deltas;
	uint64_t value;
	size_t found;

	if (cbor_isa_tag(column)) {
		value = decode__typed(column, i, &found);
		assert_int_equal(found, cnt);
		return value;
	}
	assert_true(cbor_isa_map(column));
	if (decode__get(column, "const"))
		return decode__int(decode__get(column, "const"));
	if (decode__get(column, "packed"))
		return decode__packed(column, i, cnt);
	assert_non_null(decode__get(column, "first"));
	value = decode__int(decode__get(column, "first"));
	deltas = decode__get(column, "delta");
	for (size_t k = 0; k <= i; k++)
		value += decode__delta(deltas, k, cnt);
	return value;
}

/* All values of a long column of integers. One by one, differences would take quadratic time. */
static inline void decode__column_ints(const cbor_item_t *column, uint64_t *ret_values, size_t cnt)
{
	const cbor_item_t *deltas = cbor_isa_map(column) ? decode__get(column, "delta") : NULL;
	uint64_t value = deltas ? decode__int(decode__get(column, "first")) : 0;

	for (size_t i = 0; i < cnt; i++) {
		if (deltas)
			value += decode__delta(deltas, i, cnt);
		ret_values[i] = deltas ? value : decode__column_int(column, i, cnt);
	}
}

/* The bits of element i of a column of floats or doubles. */
static inline uint64_t decode__column_float(const cbor_item_t *column, size_t i, size_t cnt,
					    bool is_float)
{
	double value, power = 1;
	float narrow;
	uint32_t low;
	uint64_t bits;
	size_t found;

	if (cbor_isa_tag(column)) {
		assert_int_equal(cbor_tag_value(column),
				 is_float ? FORMAT_TAG_F32 : FORMAT_TAG_F64);
		bits = decode__typed(column, i, &found);
		assert_int_equal(found, cnt);
		return bits;
	}
	if (decode__get(column, "const")) {
		value = cbor_float_get_float(decode__get(column, "const"));
	} else {
		for (uint64_t k = decode__int(decode__get(column, "scale")); k; k--)
			power *= 10; /* exact up to 10^22 */
		value = (double)(int64_t)decode__column_int(decode__get(column, "units"), i, cnt) /
			power;
	}
	narrow = (float)value;
	if (is_float) {
		memcpy(&low, &narrow, sizeof(low));
		return low;
	}
	memcpy(&bits, &value, sizeof(bits));
	return bits;
}

/* Element i of a column of strings. */
static inline cbor_item_t *decode__column_text(const cbor_item_t *column, size_t i, size_t cnt)
{
	cbor_item_t *values;

	assert_true(cbor_isa_map(column));
	if (decode__get(column, "const"))
		return decode__get(column, "const");
	values = decode__get(column, "values");
	assert_non_null(values);
	if (decode__get(column, "index"))
		i = decode__column_int(decode__get(column, "index"), i, cnt);
	else
		assert_int_equal(cbor_array_size(values), cnt);
	return decode__at(values, i);
}

/* Units and scale of element i of a column of decimals. */
static inline int64_t decode__column_decimal(const cbor_item_t *column, size_t i, size_t cnt,
					     uint64_t *ret_scale)
{
	const cbor_item_t *scale = decode__get(column, "scale");

	assert_non_null(scale);
	*ret_scale = cbor_is_int(scale) ? decode__int(scale) : decode__column_int(scale, i, cnt);
	return (int64_t)decode__column_int(decode__get(column, "units"), i, cnt);
}

#endif /* TTLOG_TESTS_DECODE_H */
