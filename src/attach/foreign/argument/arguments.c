/* SPDX-License-Identifier: MIT */
#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "abi.h"
#include "argument_process.h"
#include "arguments.h"
#include "ttlog/types.h"
#include "value.h"

struct arguments {
	enum abi_machine machine;
	struct argument_process *process; /* NULL: there is no debug information */
};

struct arguments *arguments__new(uint16_t machine, int fd, int debug_fd)
{
	struct arguments *arguments = calloc(1, sizeof(*arguments));

	if (!arguments)
		return NULL;
	arguments->machine = machine == EM_X86_64 ? ABI_X86_64 : ABI_ARM64;
	arguments->process = argument_process__new(fd);
	if (!arguments->process && debug_fd >= 0)
		arguments->process = argument_process__new(debug_fd);
	return arguments;
}

void arguments__free(struct arguments *arguments)
{
	if (!arguments)
		return;
	argument_process__free(arguments->process);
	free(arguments);
}

/* ---- by what the user says ---- */

static bool is_signed(uint8_t type)
{
	return type == TTLOG_TYPE_I8 || type == TTLOG_TYPE_I16 || type == TTLOG_TYPE_I32 ||
	       type == TTLOG_TYPE_I64 || type == TTLOG_TYPE_CHAR;
}

static void place_by_type(struct abi_caller *caller, struct argument *argument)
{
	const bool is_float = argument->type == TTLOG_TYPE_F32 || argument->type == TTLOG_TYPE_F64;
	/* of a text: of its address */
	const uint8_t bytes = (uint8_t)value__fixed_bytes(argument->type);
	const struct abi_value value = {
		.bytes = 8,
		.align = 8,
		.classes = { is_float ? ABI_FLOAT : ABI_INTEGER, ABI_NONE },
		.vector_cnt = is_float,
	};
	const struct abi_place place = abi__next(caller, &value);

	argument->value =
		(struct wire_value){ .base = WIRE_NO_REGISTER, .index = WIRE_NO_REGISTER };
	if (place.how == ABI_IN_REGISTERS && place.words[0] == WIRE_NO_REGISTER) {
		(void)snprintf(argument->why, sizeof(argument->why),
			       "it is in a floating-point register, which a probe can't read");
		return;
	}
	argument->value.from = place.how == ABI_IN_REGISTERS ? WIRE_REGISTER : WIRE_MEMORY;
	argument->value.base = place.how == ABI_IN_REGISTERS ? place.words[0] : place.base;
	argument->value.offset = place.offset;
	argument->value.bytes = bytes ? bytes : sizeof(uint64_t);
	argument->value.is_signed = is_signed(argument->type);
	if (argument->type == TTLOG_TYPE_STR)
		argument->value.text = WIRE_TEXT;
}

static void find_by_signature(const struct arguments *arguments, const struct function_wish *wish,
			      struct function_arguments *ret)
{
	struct abi_caller caller = abi__begin(arguments->machine, NULL);

	memset(ret, 0, sizeof(*ret));
	for (size_t i = 0; i < wish->cnt; i++) {
		struct argument *argument = &ret->items[ret->cnt++];

		if (strchr(wish->wishes[i].name, '.')) {
			(void)snprintf(ret->error, sizeof(ret->error),
				       "'%s' is a member, and there is no debug information of it",
				       wish->wishes[i].name);
			ret->is_wrong = 1;
			return;
		}
		memcpy(argument->name, wish->wishes[i].name, sizeof(argument->name));
		argument->type = wish->wishes[i].type ? wish->wishes[i].type : TTLOG_TYPE_I64;
		place_by_type(&caller, argument);
	}
	ret->ret.type = TTLOG_TYPE_I64;
	ret->ret.value = (struct wire_value){
		.from = WIRE_REGISTER,
		.bytes = 8,
		.is_signed = 1,
		.base = abi__return_word(arguments->machine),
		.index = WIRE_NO_REGISTER,
	};
}

void arguments__find(struct arguments *arguments, struct function_wish *wish,
		     struct function_arguments *ret)
{
	wish->machine = (uint8_t)arguments->machine;
	if (!arguments->process || argument_process__find(arguments->process, wish, ret) ||
	    !ret->is_known)
		find_by_signature(arguments, wish, ret);
}
