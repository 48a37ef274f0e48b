/* SPDX-License-Identifier: MIT */
/*
 * What DWARF tells of a type: how its values are passed on, which type of field it fits, its
 * members.
 */
#ifndef TTLOG_DWARF_TYPE_H
#define TTLOG_DWARF_TYPE_H

#include <elfutils/libdw.h>
#include <stdbool.h>
#include <stdint.h>

#include "abi.h"

/* How deep types may be in each other; a damaged file has circles. */
#define DWARF_TYPE_MAX_DEPTH 32

enum dwarf_shape {
	SHAPE_VOID = 0,
	SHAPE_NUMBER = 1,  /* also an enum, a char, a bool */
	SHAPE_POINTER = 2, /* also one to a function */
	SHAPE_REFERENCE = 3,
	SHAPE_STRUCT = 4, /* also a union, a class */
	SHAPE_ARRAY = 5,
	SHAPE_OTHER = 6, /* no field can have it */
};

struct dwarf_type {
	Dwarf_Die die; /* without names for it, and qualifiers */
	enum dwarf_shape shape;
	uint8_t type; /* enum ttlog_type that its values fit; TTLOG_TYPE_NONE: none */
	bool is_signed, is_float;
	bool is_text; /* an array of char */
	uint64_t bytes;
};

/* The type that `die` has (DW_AT_type); SHAPE_VOID: none. */
struct dwarf_type dwarf_type__of(Dwarf_Die *die);
/* What a pointer or a reference points to. */
struct dwarf_type dwarf_type__target(struct dwarf_type *type);

struct abi_value dwarf_type__value(struct dwarf_type *type, enum abi_machine machine);

struct dwarf_member {
	struct dwarf_type type;
	uint64_t offset;
	bool is_bit_field;
};

/* Also members of unnamed members, and of base classes. 0, or -ENOENT. */
int dwarf_type__find_member(struct dwarf_type *type, const char *name, size_t len,
			    struct dwarf_member *ret);
/* Calls visit with the name of each of them. */
void dwarf_type__each_member(struct dwarf_type *type, void (*visit)(void *ctx, const char *name),
			     void *ctx);

#endif /* TTLOG_DWARF_TYPE_H */
