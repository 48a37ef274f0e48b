/* SPDX-License-Identifier: MIT */
#include "abi.h"
#include "array.h"

/* Words of x86-64's struct pt_regs. */
enum {
	R15,
	R14,
	R13,
	R12,
	RBP,
	RBX,
	R11,
	R10,
	R9,
	R8,
	RAX,
	RCX,
	RDX,
	RSI,
	RDI,
	X86_SP = 19,
};

/* arm64's struct user_pt_regs: x0 to x30, sp, pc. */
#define ARM64_SP 31

#define ARM64_REGISTERS 8

static const uint8_t x86_arguments[] = { RDI, RSI, RDX, RCX, R8, R9 };

uint8_t abi__return_word(enum abi_machine machine)
{
	return machine == ABI_X86_64 ? RAX : 0;
}

uint8_t abi__stack_word(enum abi_machine machine)
{
	return machine == ABI_X86_64 ? X86_SP : ARM64_SP;
}

int64_t abi__frame_distance(enum abi_machine machine)
{
	return machine == ABI_X86_64 ? 8 : 0; /* the return address */
}

uint8_t abi__word_of(enum abi_machine machine, unsigned int dwarf_register)
{
	static const uint8_t x86[] = { RAX, RDX, RCX, RBX, RSI, RDI, RBP, X86_SP,
				       R8,  R9,  R10, R11, R12, R13, R14, R15 };

	if (machine == ABI_ARM64)
		return dwarf_register <= ARM64_SP ? (uint8_t)dwarf_register : WIRE_NO_REGISTER;
	return dwarf_register < ARRAY_SIZE(x86) ? x86[dwarf_register] : WIRE_NO_REGISTER;
}

struct abi_caller abi__begin(enum abi_machine machine, const struct abi_value *result)
{
	struct abi_caller caller = { .machine = machine };

	/* in the first register; of arm64 it is x8, which has no argument */
	if (machine == ABI_X86_64 && result && (result->is_memory || result->is_reference))
		caller.integer_cnt = 1;
	return caller;
}

static struct abi_place on_stack(struct abi_caller *caller, uint64_t bytes, uint64_t align)
{
	struct abi_place place = {
		.how = ABI_IN_MEMORY,
		.words = { WIRE_NO_REGISTER, WIRE_NO_REGISTER },
		.base = abi__stack_word(caller->machine),
	};

	if (align > 8)
		caller->stack = (caller->stack + 15) & ~15ull;
	place.offset = (int64_t)caller->stack + abi__frame_distance(caller->machine);
	caller->stack += (bytes + 7) & ~7ull;
	return place;
}

static struct abi_place next_x86(struct abi_caller *caller, const struct abi_value *value)
{
	struct abi_place place = { .words = { WIRE_NO_REGISTER, WIRE_NO_REGISTER } };
	unsigned int integers = 0, floats = 0, at;

	for (int i = 0; i < 2; i++) {
		integers += value->classes[i] == ABI_INTEGER;
		floats += value->classes[i] == ABI_FLOAT;
	}
	if (value->is_memory || caller->integer_cnt + integers > ARRAY_SIZE(x86_arguments) ||
	    caller->float_cnt + floats > 8)
		return on_stack(caller, value->bytes, value->align);
	at = caller->integer_cnt;
	for (int i = 0; i < 2; i++) {
		if (value->classes[i] == ABI_INTEGER)
			place.words[i] = x86_arguments[at++];
	}
	caller->integer_cnt += integers;
	caller->float_cnt += floats;
	return place;
}

static struct abi_place next_arm64(struct abi_caller *caller, const struct abi_value *value)
{
	struct abi_place place = { .words = { WIRE_NO_REGISTER, WIRE_NO_REGISTER } };
	const unsigned int words = value->bytes > 8 ? 2 : 1;

	if (value->vector_cnt) {
		if (caller->float_cnt + value->vector_cnt <= ARM64_REGISTERS) {
			caller->float_cnt += value->vector_cnt;
			return place;
		}
		caller->float_cnt = ARM64_REGISTERS;
		return on_stack(caller, value->bytes, value->align);
	}
	if (words == 2 && value->align > 8)
		caller->integer_cnt += caller->integer_cnt % 2;
	if (caller->integer_cnt + words > ARM64_REGISTERS) {
		caller->integer_cnt = ARM64_REGISTERS;
		return on_stack(caller, value->bytes, value->align);
	}
	for (unsigned int i = 0; i < words; i++)
		place.words[i] = (uint8_t)caller->integer_cnt++;
	return place;
}

struct abi_place abi__next(struct abi_caller *caller, const struct abi_value *value)
{
	static const struct abi_value address = { .bytes = 8,
						  .align = 8,
						  .classes = { ABI_INTEGER, ABI_NONE } };
	const bool by_reference = value->is_reference ||
				  (caller->machine == ABI_ARM64 && value->is_composite &&
				   !value->vector_cnt && value->bytes > 16);
	const struct abi_value *passed = by_reference ? &address : value;
	struct abi_place place = caller->machine == ABI_X86_64 ? next_x86(caller, passed)
							       : next_arm64(caller, passed);

	if (by_reference) {
		place.reference_in_memory = place.how == ABI_IN_MEMORY;
		place.how = ABI_BY_REFERENCE;
	}
	return place;
}
