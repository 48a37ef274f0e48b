/* SPDX-License-Identifier: MIT */
#include <dwarf.h>
#include <errno.h>
#include <string.h>

#include "dwarf_type.h"
#include "ttlog/types.h"

#define MAX_MEMBERS 4096

/* ---- shapes ---- */

/* False: it has none (void), or it is in a circle. */
static bool follow(Dwarf_Die *die)
{
	Dwarf_Attribute attribute;

	return dwarf_formref_die(dwarf_attr_integrate(die, DW_AT_type, &attribute), die) != NULL;
}

static uint8_t integer_type(uint64_t bytes, bool is_signed)
{
	switch (bytes) {
	case 1:
		return is_signed ? TTLOG_TYPE_I8 : TTLOG_TYPE_U8;
	case 2:
		return is_signed ? TTLOG_TYPE_I16 : TTLOG_TYPE_U16;
	case 4:
		return is_signed ? TTLOG_TYPE_I32 : TTLOG_TYPE_U32;
	case 8:
		return is_signed ? TTLOG_TYPE_I64 : TTLOG_TYPE_U64;
	default:
		return TTLOG_TYPE_NONE;
	}
}

static void fill_base(struct dwarf_type *type)
{
	const char *name = dwarf_diename(&type->die);
	Dwarf_Attribute attribute;
	Dwarf_Word encoding = 0;

	(void)dwarf_formudata(dwarf_attr(&type->die, DW_AT_encoding, &attribute), &encoding);
	type->shape = SHAPE_NUMBER;
	type->is_signed = encoding == DW_ATE_signed || encoding == DW_ATE_signed_char;
	switch (encoding) {
	case DW_ATE_boolean:
		type->type = type->bytes == 1 ? TTLOG_TYPE_BOOL : integer_type(type->bytes, false);
		break;
	case DW_ATE_float:
		type->is_float = true;
		type->type = type->bytes == 4   ? TTLOG_TYPE_F32
			     : type->bytes == 8 ? TTLOG_TYPE_F64
						: TTLOG_TYPE_NONE;
		break;
	case DW_ATE_signed_char:
	case DW_ATE_unsigned_char:
		type->type = type->bytes == 1 && name && !strcmp(name, "char")
				     ? TTLOG_TYPE_CHAR
				     : integer_type(type->bytes, type->is_signed);
		break;
	case DW_ATE_complex_float:
		type->shape = SHAPE_OTHER;
		break;
	default:
		type->type = integer_type(type->bytes, type->is_signed);
	}
}

/* An enum without a type of its own (C) is unsigned, unless one of its values is below 0. */
static void fill_enum(struct dwarf_type *type)
{
	Dwarf_Attribute attribute;
	Dwarf_Die child = type->die;
	Dwarf_Sword value;

	type->shape = SHAPE_NUMBER;
	if (follow(&child)) {
		const struct dwarf_type base = dwarf_type__of(&type->die);

		type->is_signed = base.is_signed;
		if (!type->bytes)
			type->bytes = base.bytes;
	} else if (!dwarf_child(&type->die, &child)) {
		for (int i = 0; i < MAX_MEMBERS && !type->is_signed; i++) {
			type->is_signed =
				!dwarf_formsdata(dwarf_attr(&child, DW_AT_const_value, &attribute),
						 &value) &&
				value < 0;
			if (dwarf_siblingof(&child, &child))
				break;
		}
	}
	type->type = integer_type(type->bytes, type->is_signed);
}

static void fill_array(struct dwarf_type *type)
{
	const struct dwarf_type item = dwarf_type__of(&type->die);
	Dwarf_Word bytes;

	type->shape = SHAPE_ARRAY;
	type->is_text = item.shape == SHAPE_NUMBER && item.bytes == 1 &&
			item.type != TTLOG_TYPE_BOOL;
	if (!dwarf_aggregate_size(&type->die, &bytes))
		type->bytes = bytes;
}

static void fill_shape(struct dwarf_type *type)
{
	const int tag = dwarf_tag(&type->die);
	const int bytes = dwarf_bytesize(&type->die);

	type->bytes = bytes > 0 ? (uint64_t)bytes : 0;
	switch (tag) {
	case DW_TAG_base_type:
		fill_base(type);
		break;
	case DW_TAG_enumeration_type:
		fill_enum(type);
		break;
	case DW_TAG_pointer_type:
	case DW_TAG_unspecified_type: /* nullptr_t */
		type->shape = SHAPE_POINTER;
		type->type = TTLOG_TYPE_PTR;
		type->bytes = 8;
		break;
	case DW_TAG_reference_type:
	case DW_TAG_rvalue_reference_type:
		type->shape = SHAPE_REFERENCE;
		type->bytes = 8;
		break;
	case DW_TAG_structure_type:
	case DW_TAG_class_type:
	case DW_TAG_union_type:
		type->shape = SHAPE_STRUCT;
		break;
	case DW_TAG_array_type:
		fill_array(type);
		break;
	default:
		type->shape = SHAPE_OTHER;
	}
}

struct dwarf_type dwarf_type__of(Dwarf_Die *die)
{
	struct dwarf_type type = { .die = *die };

	for (int i = 0; i < DWARF_TYPE_MAX_DEPTH; i++) {
		if (!follow(&type.die))
			return (struct dwarf_type){ .shape = SHAPE_VOID };
		switch (dwarf_tag(&type.die)) {
		case DW_TAG_typedef:
		case DW_TAG_const_type:
		case DW_TAG_volatile_type:
		case DW_TAG_restrict_type:
		case DW_TAG_atomic_type:
		case DW_TAG_immutable_type:
		case DW_TAG_packed_type:
		case DW_TAG_shared_type:
			continue;
		default:
			fill_shape(&type);
			return type;
		}
	}
	return (struct dwarf_type){ .shape = SHAPE_OTHER };
}

struct dwarf_type dwarf_type__target(struct dwarf_type *type)
{
	return dwarf_type__of(&type->die);
}

/* ---- members ---- */

static uint64_t offset_of(Dwarf_Die *member)
{
	Dwarf_Attribute attribute;
	Dwarf_Word offset = 0;

	if (dwarf_formudata(dwarf_attr(member, DW_AT_data_member_location, &attribute), &offset))
		return 0;
	return offset;
}

static bool is_bit_field(Dwarf_Die *member)
{
	return dwarf_hasattr(member, DW_AT_bit_size);
}

/* A base class that is not virtual, or a member. */
static bool is_part(Dwarf_Die *child)
{
	Dwarf_Attribute attribute;
	Dwarf_Word offset;

	switch (dwarf_tag(child)) {
	case DW_TAG_member:
		/* of all objects (static) */
		return !dwarf_hasattr(child, DW_AT_external) &&
		       !dwarf_hasattr(child, DW_AT_declaration);
	case DW_TAG_inheritance:
		return !dwarf_hasattr(child, DW_AT_virtuality) &&
		       !dwarf_formudata(dwarf_attr(child, DW_AT_data_member_location, &attribute),
					&offset);
	default:
		return false;
	}
}

struct search {
	const char *name;
	size_t len;
	struct dwarf_member *ret;
	void (*visit)(void *ctx, const char *name);
	void *ctx;
};

/* Whether it was found. */
static bool search(const struct search *search_for, struct dwarf_type *type, uint64_t offset,
		   int depth)
{
	Dwarf_Die child;

	if (depth > DWARF_TYPE_MAX_DEPTH / 4 || dwarf_child(&type->die, &child))
		return false;
	for (int i = 0; i < MAX_MEMBERS; i++) {
		const char *name = dwarf_diename(&child);
		const bool is_member = dwarf_tag(&child) == DW_TAG_member;

		if (is_part(&child)) {
			struct dwarf_type inner = dwarf_type__of(&child);
			const uint64_t at = offset + offset_of(&child);

			if (is_member && name && search_for->visit)
				search_for->visit(search_for->ctx, name);
			if (is_member && name && search_for->name &&
			    strlen(name) == search_for->len &&
			    !memcmp(name, search_for->name, search_for->len)) {
				*search_for->ret = (struct dwarf_member){
					.type = inner,
					.offset = at,
					.is_bit_field = is_bit_field(&child),
				};
				return true;
			}
			if ((!is_member || !name) && inner.shape == SHAPE_STRUCT &&
			    search(search_for, &inner, at, depth + 1))
				return true;
		}
		if (dwarf_siblingof(&child, &child))
			break;
	}
	return false;
}

int dwarf_type__find_member(struct dwarf_type *type, const char *name, size_t len,
			    struct dwarf_member *ret)
{
	const struct search search_for = { .name = name, .len = len, .ret = ret };

	return search(&search_for, type, 0, 0) ? 0 : -ENOENT;
}

void dwarf_type__each_member(struct dwarf_type *type, void (*visit)(void *ctx, const char *name),
			     void *ctx)
{
	const struct search search_for = { .visit = visit, .ctx = ctx };

	(void)search(&search_for, type, 0, 0);
}
