/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>

#include "ascii.h"
#include "format.h"
#include "value.h"

#define NAME_OF_LEVEL(name)        [TTLOG_LEVEL_##name] = #name,
#define NAME_OF_TYPE(upper, lower) [TTLOG_TYPE_##upper] = #lower,

static const char *const level_names[] = { FORMAT_LEVELS(NAME_OF_LEVEL) };
static const char *const type_names[] = { FORMAT_TYPES(NAME_OF_TYPE) };

#define LEVEL_CNT (sizeof(level_names) / sizeof(level_names[0]))
#define TYPE_CNT  (sizeof(type_names) / sizeof(type_names[0]))

static const uint8_t fixed_bytes[TYPE_CNT] = {
	[TTLOG_TYPE_BOOL] = 1, [TTLOG_TYPE_CHAR] = 1, [TTLOG_TYPE_I8] = 1,
	[TTLOG_TYPE_U8] = 1,   [TTLOG_TYPE_I16] = 2,  [TTLOG_TYPE_U16] = 2,
	[TTLOG_TYPE_I32] = 4,  [TTLOG_TYPE_U32] = 4,  [TTLOG_TYPE_I64] = 8,
	[TTLOG_TYPE_U64] = 8,  [TTLOG_TYPE_F32] = 4,  [TTLOG_TYPE_F64] = 8,
	[TTLOG_TYPE_PTR] = 8,  [TTLOG_TYPE_HEX] = 8,  [TTLOG_TYPE_DECIMAL] = 9,
};

size_t value__fixed_bytes(uint8_t type)
{
	return type < TYPE_CNT ? fixed_bytes[type] : 0;
}

bool value__is_signed(uint8_t type)
{
	return type == TTLOG_TYPE_I8 || type == TTLOG_TYPE_I16 || type == TTLOG_TYPE_I32 ||
	       type == TTLOG_TYPE_I64;
}

/* The length of a string or byte sequence, with its length word; or -EBADMSG. */
static int measure_text(const unsigned char *bytes, size_t left, uint16_t *ret_word)
{
	uint32_t len;

	if (left < sizeof(*ret_word))
		return -EBADMSG;
	memcpy(ret_word, bytes, sizeof(*ret_word));
	len = *ret_word & TTLOG_STR_LEN;
	if (*ret_word & ~(TTLOG_STR_LEN | TTLOG_STR_CUT | TTLOG_STR_NULL))
		return -EBADMSG;
	if (len > TTLOG_STR_MAX || len > left - sizeof(*ret_word))
		return -EBADMSG;
	if (*ret_word & TTLOG_STR_NULL && *ret_word != TTLOG_STR_NULL)
		return -EBADMSG;
	return (int)(sizeof(*ret_word) + len);
}

static int read_text(uint8_t type, const unsigned char *bytes, size_t left, struct value *ret_value)
{
	uint16_t word;
	int taken = measure_text(bytes, left, &word);

	if (taken < 0)
		return taken;
	*ret_value = (struct value){
		.type = type,
		.is_null = word & TTLOG_STR_NULL,
		.is_cut = word & TTLOG_STR_CUT,
		.len = word & TTLOG_STR_LEN,
		.bytes = bytes + sizeof(word),
	};
	return taken;
}

static int64_t read_signed(const unsigned char *bytes, size_t size)
{
	int8_t i8;
	int16_t i16;
	int32_t i32;
	int64_t i64;

	switch (size) {
	case 1:
		memcpy(&i8, bytes, sizeof(i8));
		return i8;
	case 2:
		memcpy(&i16, bytes, sizeof(i16));
		return i16;
	case 4:
		memcpy(&i32, bytes, sizeof(i32));
		return i32;
	default:
		memcpy(&i64, bytes, sizeof(i64));
		return i64;
	}
}

static uint64_t read_unsigned(const unsigned char *bytes, size_t size)
{
	uint64_t value = (uint64_t)read_signed(bytes, size);

	return size < sizeof(value) ? value & ((UINT64_C(1) << (8 * size)) - 1) : value;
}

int value__read(uint8_t type, const void *bytes, size_t left, struct value *ret_value)
{
	const size_t size = value__fixed_bytes(type);
	struct value value = { .type = type };

	if (type == TTLOG_TYPE_STR || type == TTLOG_TYPE_BYTES)
		return read_text(type, bytes, left, ret_value);
	if (!size || left < size)
		return -EBADMSG;
	switch (type) {
	case TTLOG_TYPE_F32:
		memcpy(&value.f32, bytes, sizeof(value.f32));
		break;
	case TTLOG_TYPE_F64:
		memcpy(&value.f64, bytes, sizeof(value.f64));
		break;
	case TTLOG_TYPE_DECIMAL:
		value.i = read_signed(bytes, sizeof(value.i));
		value.scale = ((const unsigned char *)bytes)[sizeof(value.i)];
		break;
	case TTLOG_TYPE_BOOL:
		/* after an error in the program its bool may have any value */
		value.u = *(const unsigned char *)bytes != 0;
		break;
	default:
		if (value__is_signed(type))
			value.i = read_signed(bytes, size);
		else
			value.u = read_unsigned(bytes, size);
		break;
	}
	*ret_value = value;
	return (int)size;
}

int value__measure(uint8_t type, bool is_nullable, const unsigned char *at, size_t left)
{
	const size_t before = is_nullable ? VALUE_NULL_BYTES : 0;
	size_t size = value__fixed_bytes(type);
	uint16_t word;

	if (left < before || (is_nullable && *at > 1))
		return -EBADMSG;
	if (is_nullable && !*at)
		return VALUE_NULL_BYTES;
	if (type == TTLOG_TYPE_STR || type == TTLOG_TYPE_BYTES) {
		int taken = measure_text(at + before, left - before, &word);

		return taken < 0 ? taken : (int)before + taken;
	}
	return size && size <= left - before ? (int)(before + size) : -EBADMSG;
}

int value__read_fields(const uint8_t *types, size_t nfields, uint32_t nullable, const void *bytes,
		       size_t len, struct value ret_values[TTLOG_MAX_FIELDS])
{
	const unsigned char *at = bytes;

	if (!value__fits(types, nfields, nullable, bytes, len))
		return -EBADMSG;
	for (size_t i = 0; i < nfields; i++) {
		const size_t left = len - (size_t)(at - (const unsigned char *)bytes);

		if (nullable >> i & 1 && !*at++)
			ret_values[i] = (struct value){ .type = types[i], .is_null = true };
		else
			at += value__read(types[i], at, left, &ret_values[i]);
	}
	return 0;
}

bool value__fits(const uint8_t *types, size_t nfields, uint32_t nullable, const void *bytes,
		 size_t len)
{
	const unsigned char *at = bytes;

	if (nfields > TTLOG_MAX_FIELDS)
		return false;
	for (size_t i = 0; i < nfields; i++) {
		int taken = value__measure(types[i], nullable >> i & 1, at, len);

		if (taken < 0)
			return false;
		at += taken;
		len -= (size_t)taken;
	}
	return len < TTLOG_RECORD_ALIGN;
}

const char *value__level_name(unsigned int level)
{
	return level < LEVEL_CNT ? level_names[level] : NULL;
}

const char *value__type_name(unsigned int type)
{
	return type < TYPE_CNT ? type_names[type] : NULL;
}

int value__parse_level(const char *name)
{
	for (size_t i = 0; i < LEVEL_CNT; i++)
		if (ascii__is_alike(level_names[i], name))
			return (int)i;
	return -EINVAL;
}
