/* SPDX-License-Identifier: MIT */
/*
 * dwarf_type__value(): what the calling conventions ask of a type.
 */
#include <dwarf.h>
#include <string.h>

#include "dwarf_type.h"
#include "ttlog/types.h"

#define MAX_MEMBERS 4096
/* Members in members that are looked at, of one argument. */
#define MAX_LOOKS   20000

struct survey {
	enum abi_machine machine;
	struct abi_value value;
	bool is_unaligned;
	bool is_homogeneous; /* all its numbers are floating-point ones of one size */
	uint64_t float_bytes;
	unsigned int float_cnt;
	unsigned int look_cnt;
};

static void look_at(struct survey *survey, struct dwarf_type *type, uint64_t offset, int depth);

/* A number at an offset: it marks the eight bytes that it lies in. */
static void look_at_number(struct survey *survey, const struct dwarf_type *type, uint64_t offset)
{
	const uint64_t bytes = type->bytes ? type->bytes : 1;

	/* long double */
	if (type->is_float && bytes > 8 && survey->machine == ABI_X86_64)
		survey->value.is_memory = true;
	if (bytes <= 8 && offset % bytes)
		survey->is_unaligned = true;
	if (survey->value.align < (bytes > 16 ? 16 : bytes))
		survey->value.align = bytes > 16 ? 16 : bytes;
	for (uint64_t at = offset / 8; at < 2 && at * 8 < offset + bytes; at++) {
		enum abi_class *class = &survey->value.classes[at];

		if (*class != ABI_INTEGER)
			*class = type->is_float ? ABI_FLOAT : ABI_INTEGER;
	}
	survey->float_cnt += type->is_float;
	if (!type->is_float || (survey->float_bytes && survey->float_bytes != bytes))
		survey->is_homogeneous = false;
	survey->float_bytes = bytes;
}

static void look_at_array(struct survey *survey, struct dwarf_type *type, uint64_t offset,
			  int depth)
{
	struct dwarf_type item = dwarf_type__target(type);
	const uint64_t cnt = item.bytes ? type->bytes / item.bytes : 0;

	/* larger ones are in memory anyway */
	for (uint64_t i = 0; i < cnt && i < 64; i++)
		look_at(survey, &item, offset + i * item.bytes, depth + 1);
}

static void look_at_struct(struct survey *survey, struct dwarf_type *type, uint64_t offset,
			   int depth)
{
	Dwarf_Die child;

	if (dwarf_child(&type->die, &child))
		return;
	for (int i = 0; i < MAX_MEMBERS; i++) {
		const int tag = dwarf_tag(&child);
		Dwarf_Attribute attribute;
		Dwarf_Word at = 0;

		if ((tag == DW_TAG_member && !dwarf_hasattr(&child, DW_AT_external) &&
		     !dwarf_hasattr(&child, DW_AT_declaration)) ||
		    tag == DW_TAG_inheritance) {
			struct dwarf_type inner = dwarf_type__of(&child);

			(void)dwarf_formudata(
				dwarf_attr(&child, DW_AT_data_member_location, &attribute), &at);
			/* those of bit-fields are where their bits are */
			if (!dwarf_formudata(dwarf_attr(&child, DW_AT_data_bit_offset, &attribute),
					     &at)) {
				at = at / 8;
				at -= inner.bytes ? at % inner.bytes : 0;
			}
			look_at(survey, &inner, offset + at, depth + 1);
		}
		if (dwarf_siblingof(&child, &child))
			break;
	}
}

static void look_at(struct survey *survey, struct dwarf_type *type, uint64_t offset, int depth)
{
	if (depth > DWARF_TYPE_MAX_DEPTH || survey->look_cnt++ > MAX_LOOKS)
		return;
	switch (type->shape) {
	case SHAPE_STRUCT:
		look_at_struct(survey, type, offset, depth);
		break;
	case SHAPE_ARRAY:
		look_at_array(survey, type, offset, depth);
		break;
	default:
		look_at_number(survey, type, offset);
	}
}

/* ---- C++: what can't be copied as bytes ---- */

static bool is_own_function(Dwarf_Die *child)
{
	Dwarf_Attribute attribute;
	Dwarf_Word defaulted = 0;

	if (dwarf_tag(child) != DW_TAG_subprogram || dwarf_hasattr(child, DW_AT_artificial))
		return false;
	(void)dwarf_formudata(dwarf_attr(child, DW_AT_defaulted, &attribute), &defaulted);
	return defaulted != DW_DEFAULTED_in_class && !dwarf_hasattr(child, DW_AT_deleted);
}

/* T(const T &) or T(T &&). */
static bool is_copy(Dwarf_Die *function, Dwarf_Die *type)
{
	Dwarf_Die child;
	unsigned int cnt = 0;
	bool is_self = false;

	if (dwarf_child(function, &child))
		return false;
	for (int i = 0; i < MAX_MEMBERS; i++) {
		if (dwarf_tag(&child) == DW_TAG_formal_parameter &&
		    !dwarf_hasattr(&child, DW_AT_artificial)) {
			struct dwarf_type given = dwarf_type__of(&child);
			struct dwarf_type target;

			cnt++;
			if (given.shape == SHAPE_REFERENCE) {
				target = dwarf_type__target(&given);
				is_self |= dwarf_dieoffset(&target.die) == dwarf_dieoffset(type);
			}
		}
		if (dwarf_siblingof(&child, &child))
			break;
	}
	return cnt == 1 && is_self;
}

static bool needs_reference(struct dwarf_type *type, int depth)
{
	const char *name = dwarf_diename(&type->die);
	Dwarf_Attribute attribute;
	Dwarf_Word convention;
	Dwarf_Die child;

	if (type->shape == SHAPE_ARRAY && depth < DWARF_TYPE_MAX_DEPTH) {
		struct dwarf_type item = dwarf_type__target(type);

		return needs_reference(&item, depth + 1);
	}
	if (type->shape != SHAPE_STRUCT || depth > DWARF_TYPE_MAX_DEPTH)
		return false;
	if (!dwarf_formudata(dwarf_attr(&type->die, DW_AT_calling_convention, &attribute),
			     &convention))
		return convention == DW_CC_pass_by_reference;
	if (dwarf_child(&type->die, &child))
		return false;
	for (int i = 0; i < MAX_MEMBERS; i++) {
		const char *own = dwarf_diename(&child);
		const int tag = dwarf_tag(&child);

		if (own &&
		    (own[0] == '~' || (name && !strncmp(own, name, strcspn(name, "<")) &&
				       is_copy(&child, &type->die))) &&
		    is_own_function(&child))
			return true;
		if (tag == DW_TAG_subprogram && dwarf_hasattr(&child, DW_AT_virtuality))
			return true;
		if (tag == DW_TAG_inheritance && dwarf_hasattr(&child, DW_AT_virtuality))
			return true;
		if ((tag == DW_TAG_member && !dwarf_hasattr(&child, DW_AT_external)) ||
		    tag == DW_TAG_inheritance) {
			struct dwarf_type inner = dwarf_type__of(&child);

			if (needs_reference(&inner, depth + 4))
				return true;
		}
		if (dwarf_siblingof(&child, &child))
			break;
	}
	return false;
}

struct abi_value dwarf_type__value(struct dwarf_type *type, enum abi_machine machine)
{
	struct survey survey = {
		.machine = machine,
		.is_homogeneous = true,
		.value = { .bytes = type->bytes,
			   .align = 1,
			   .is_composite = type->shape == SHAPE_STRUCT ||
					   type->shape == SHAPE_ARRAY },
	};
	struct abi_value *value = &survey.value;

	look_at(&survey, type, 0, 0);
	value->is_reference = needs_reference(type, 0);
	value->is_memory |= value->bytes > 16 || (value->is_composite && survey.is_unaligned);
	if (survey.is_homogeneous && survey.float_cnt && survey.float_cnt <= 4)
		value->vector_cnt = (uint8_t)survey.float_cnt;
	return *value;
}
