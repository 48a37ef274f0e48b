/* SPDX-License-Identifier: MIT */
/*
 * Where a caller puts arguments: System V ABI for x86-64 (3.2.3), and Procedure Call Standard for
 * the Arm 64-bit Architecture (6.8).
 */
#ifndef TTLOG_ABI_PLACES_H
#define TTLOG_ABI_PLACES_H

#include <stdbool.h>
#include <stdint.h>

#include "foreign_wire.h"

enum abi_machine {
	ABI_X86_64 = 0,
	ABI_ARM64 = 1,
};

/* What is in 8 bytes of an argument. */
enum abi_class {
	ABI_NONE = 0,
	ABI_INTEGER = 1,
	ABI_FLOAT = 2,
};

/* As an argument or a return value is passed on. */
struct abi_value {
	uint64_t bytes, align;
	bool is_memory; /* x86-64: never in registers */
	bool is_reference; /* C++: the caller passes its address, because it can't be copied as bytes */
	enum abi_class classes[2]; /* of the first 16 bytes */
	uint8_t vector_cnt; /* arm64: it has so many members of one floating-point type, up to 4 */
	bool is_composite;
};

struct abi_place {
	enum {
		ABI_IN_REGISTERS = 0,
		ABI_IN_MEMORY = 1, /* at `base` + offset */
		ABI_BY_REFERENCE =
			2, /* its address is there where words[0], or base and offset, say */
		ABI_UNKNOWN = 3,
	} how;
	/* words of struct pt_regs; WIRE_NO_REGISTER: in a floating-point register, or none */
	uint8_t words[2];
	uint8_t base;
	bool reference_in_memory;
	int64_t offset;
};

/* The state while arguments are placed one after another. Starts with abi__begin(). */
struct abi_caller {
	enum abi_machine machine;
	unsigned int integer_cnt, float_cnt;
	uint64_t stack;
};

/* result: of the function; its caller may pass the address for it. NULL: none. */
struct abi_caller abi__begin(enum abi_machine machine, const struct abi_value *result);
struct abi_place abi__next(struct abi_caller *caller, const struct abi_value *value);

/* The word with a return value. */
uint8_t abi__return_word(enum abi_machine machine);
/* By DWARF's number; WIRE_NO_REGISTER: none that can be read. */
uint8_t abi__word_of(enum abi_machine machine, unsigned int dwarf_register);
uint8_t abi__stack_word(enum abi_machine machine);
/* From the stack pointer at the first instruction to what DWARF calls the frame's address (CFA). */
int64_t abi__frame_distance(enum abi_machine machine);

#endif /* TTLOG_ABI_PLACES_H */
