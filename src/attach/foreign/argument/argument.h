/* SPDX-License-Identifier: MIT */
/*
 * The arguments of a function: which ones are wanted, and where they are when its first instruction
 * runs. Both are plain bytes, and go from one process to another.
 */
#ifndef TTLOG_ARGUMENT_H
#define TTLOG_ARGUMENT_H

#include <stdint.h>

#include "foreign_wire.h"

#define ARGUMENT_NAME_BYTES 128u
#define ARGUMENT_WHY_BYTES  96u

struct argument_wish {
	char name[ARGUMENT_NAME_BYTES]; /* "order", "order.price.units" */
	uint8_t type;                   /* enum ttlog_type; TTLOG_TYPE_NONE: not said */
};

struct function_wish {
	uint64_t vaddr;     /* link-time address of the function */
	uint8_t machine;    /* 0: x86-64, 1: arm64 */
	uint8_t has_wishes; /* else all arguments are wanted */
	uint8_t is_changed; /* the compiler has changed its arguments */
	uint8_t cnt;
	struct argument_wish wishes[TTLOG_MAX_FIELDS];
};

struct argument {
	char name[ARGUMENT_NAME_BYTES];
	uint8_t type;                 /* enum ttlog_type */
	struct wire_value value;      /* WIRE_NOTHING: it can't be read */
	char why[ARGUMENT_WHY_BYTES]; /* why it can't be */
};

struct function_arguments {
	uint8_t is_known; /* there is debug information of the function */
	uint8_t is_wrong; /* `error` says what is wrong with the wishes */
	uint8_t cnt;
	struct argument items[TTLOG_MAX_FIELDS];
	struct argument ret; /* TTLOG_TYPE_NONE: it returns nothing that fits a field */
	uint32_t line;
	char file[512]; /* "": not known */
	char error[384];
};

#endif /* TTLOG_ARGUMENT_H */
