/* SPDX-License-Identifier: MIT */
/*
 * While the members are followed, what has been reached is in registers, or lies at an address: of
 * the stack pointer with a distance, or at a distance from a pointer that has been reached.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "argument_path.h"
#include "ttlog/types.h"

struct path {
	struct dwarf_type type; /* of what has been reached */
	bool is_in_registers;
	uint8_t words[2];
	struct wire_value
		value; /* of the pointer, or of the place on the stack, before `distance` */
	bool is_on_stack;
	int64_t distance;
	struct argument *ret;
};

__attribute__((format(printf, 2, 3))) static int wrong(struct path *path, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)vsnprintf(path->ret->why, sizeof(path->ret->why), format, args);
	va_end(args);
	return -EINVAL;
}

static void begin(struct path *path, const struct abi_place *place)
{
	path->value = (struct wire_value){ .index = WIRE_NO_REGISTER, .bytes = 8 };
	switch (place->how) {
	case ABI_IN_REGISTERS:
		path->is_in_registers = true;
		memcpy(path->words, place->words, sizeof(path->words));
		break;
	case ABI_IN_MEMORY:
		path->is_on_stack = true;
		path->value.base = place->base;
		path->distance = place->offset;
		break;
	case ABI_BY_REFERENCE:
		path->value.from = place->reference_in_memory ? WIRE_MEMORY : WIRE_REGISTER;
		path->value.base = place->reference_in_memory ? place->base : place->words[0];
		path->value.offset = place->reference_in_memory ? place->offset : 0;
		break;
	default:
		break;
	}
}

/* Reads `bytes` of what has been reached. False: that can't be read. */
static bool load(struct path *path, uint64_t bytes, bool is_text)
{
	struct wire_value *value = &path->value;

	if (path->is_in_registers) {
		const uint8_t word = path->words[path->distance / 8 % 2];

		if (word == WIRE_NO_REGISTER || path->distance >= 16 || is_text) {
			value->from = WIRE_NOTHING;
			(void)wrong(path, is_text ? "the text is in a register"
						  : "it is in a floating-point register, which a "
						    "probe can't read");
			return false;
		}
		value->from = WIRE_REGISTER;
		value->base = word;
		value->shift = (uint8_t)(path->distance % 8 * 8);
		path->is_in_registers = false;
	} else if (path->is_on_stack) {
		/* the stack pointer is an address, which is a value, if the text is there */
		value->from = is_text ? WIRE_REGISTER : WIRE_MEMORY;
		value->offset = path->distance;
		path->is_on_stack = false;
		if (is_text)
			value->steps[value->step_cnt++] = 0;
	} else {
		if (value->step_cnt == WIRE_MAX_STEPS) {
			(void)wrong(path, "it is behind more than %u pointers", WIRE_MAX_STEPS);
			value->from = WIRE_NOTHING;
			return false;
		}
		value->steps[value->step_cnt++] = (int32_t)path->distance;
	}
	value->bytes = (uint8_t)bytes;
	path->distance = 0;
	return true;
}

static bool is_pointer(const struct path *path)
{
	return path->type.shape == SHAPE_POINTER || path->type.shape == SHAPE_REFERENCE;
}

/* From a pointer or a reference to what it points to. 0; 1: it can't be read; -EINVAL. */
static int go_through(struct path *path)
{
	path->type = dwarf_type__target(&path->type);
	return load(path, 8, false) ? 0 : 1;
}

static void list_member(void *ctx, const char *name)
{
	char *text = ctx;
	const size_t len = strlen(text);

	if (len + strlen(name) + 3 < ARGUMENT_WHY_BYTES)
		(void)sprintf(text + len, "%s%s", len ? ", " : "", name);
}

static int no_member(struct path *path, const char *name, size_t len)
{
	char all[ARGUMENT_WHY_BYTES] = "";

	dwarf_type__each_member(&path->type, list_member, all);
	if (!all[0])
		return wrong(path, "the members of its type are not known in this file");
	return wrong(path, "it has no member '%.*s', but %s", (int)len, name, all);
}

/* The member at *name, to the next dot. 0; 1: it can't be read; -EINVAL. */
static int go_to_member(struct path *path, const char **name)
{
	const size_t len = strcspn(*name, ".");
	struct dwarf_member member;
	int result = 0;

	while (!result && is_pointer(path))
		result = go_through(path);
	if (result)
		return result;
	if (path->type.shape != SHAPE_STRUCT)
		return wrong(path, "it is no struct, so it has no member '%.*s'", (int)len, *name);
	if (dwarf_type__find_member(&path->type, *name, len, &member))
		return no_member(path, *name, len);
	if (member.is_bit_field)
		return wrong(path, "'%.*s' is a bit-field, which a probe can't read", (int)len,
			     *name);
	if (member.offset > INT32_MAX / 2 || path->distance > INT32_MAX / 2)
		return wrong(path, "it is too far away");
	path->distance += (int64_t)member.offset;
	path->type = member.type;
	*name += len;
	return 0;
}

/* A std::string of libstdc++, or what refers to one: its text. 0; 1: it can't be read. */
static int go_to_string(struct path *path)
{
	const char *members[] = { "_M_dataplus", "_M_p" };
	struct dwarf_type type = path->type;
	struct dwarf_member member;
	int result = 0;

	if (is_pointer(path))
		type = dwarf_type__target(&path->type);
	if (type.shape != SHAPE_STRUCT ||
	    dwarf_type__find_member(&type, members[0], strlen(members[0]), &member))
		return 0;
	for (size_t i = 0; !result && i < 2; i++)
		result = go_to_member(path, &members[i]);
	return result;
}

static bool is_loadable(uint64_t bytes)
{
	return bytes == 1 || bytes == 2 || bytes == 4 || bytes == 8;
}

/* The type of the field, and of its bytes, for what has been reached. 0 or -EINVAL. */
static int choose_type(struct path *path, uint8_t wished)
{
	struct argument *ret = path->ret;
	const struct dwarf_type *type = &path->type;

	ret->type = wished ? wished : type->is_text ? TTLOG_TYPE_STR : type->type;
	if (wished == TTLOG_TYPE_STR && !type->is_text && type->bytes != 8)
		return wrong(path, "it is neither a pointer nor an array of char, so it is no str");
	if (type->is_text)
		return ret->type == TTLOG_TYPE_STR
			       ? 0
			       : wrong(path, "it is an array of char, which is only a str");
	if (type->shape == SHAPE_STRUCT)
		return wrong(path, "it is a struct: name one of its members, after a dot");
	if (ret->type == TTLOG_TYPE_NONE || !is_loadable(type->bytes))
		return wrong(path, "no field can have its type");
	if (wished == TTLOG_TYPE_F64 && type->bytes != 8)
		return wrong(path, "it has %u bytes, so it is no f64", (unsigned int)type->bytes);
	if (wished == TTLOG_TYPE_F32 && type->bytes != 4)
		return wrong(path, "it has %u bytes, so it is no f32", (unsigned int)type->bytes);
	return 0;
}

int argument_path__resolve(struct dwarf_type type, const struct abi_place *place,
			   const char *members, uint8_t wished_type, struct argument *ret)
{
	struct path path = { .type = type, .ret = ret };
	int result = 0;

	ret->value = (struct wire_value){ .base = WIRE_NO_REGISTER, .index = WIRE_NO_REGISTER };
	ret->why[0] = '\0';
	begin(&path, place);
	while (!result && *members) {
		members++;
		result = go_to_member(&path, &members);
	}
	if (!result && wished_type == TTLOG_TYPE_STR)
		result = go_to_string(&path);
	/* a reference stands for what it refers to, if that has a value */
	if (!result && path.type.shape == SHAPE_REFERENCE) {
		struct dwarf_type target = dwarf_type__target(&path.type);

		if (wished_type == TTLOG_TYPE_PTR || (target.shape == SHAPE_STRUCT && !wished_type))
			path.type.type = TTLOG_TYPE_PTR;
		else
			result = go_through(&path);
	}
	if (!result)
		result = choose_type(&path, wished_type);
	if (result < 0)
		return result;
	if (!result && place->how != ABI_UNKNOWN) {
		(void)load(&path, path.type.bytes, path.type.is_text);
		path.value.is_signed = path.type.is_signed;
		if (ret->type == TTLOG_TYPE_STR)
			path.value.text = path.type.is_text ? WIRE_TEXT_AT : WIRE_TEXT;
	}
	if (path.value.from != WIRE_NOTHING)
		ret->value = path.value;
	if (!ret->type)
		ret->type = wished_type ? wished_type : TTLOG_TYPE_U64;
	return 0;
}
