/* SPDX-License-Identifier: MIT */
/*
 * Where arguments are follows from their types, in the order in which the source has them: what
 * DWARF says of their places holds after the function has begun, and not before. Only of a function
 * whose arguments the compiler has changed, and of Go, which has its own convention, it is used.
 */
#include <dwarf.h>
#include <errno.h>
#include <fcntl.h>
#include <libelf.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "array.h"
#include "argument_path.h"
#include "dwarf_arguments.h"
#include "dwarf_index.h"
#include "dwarf_type.h"
#include "ttlog/types.h"

/* Also of those that are not recorded. */
#define MAX_PARAMETERS 64

struct dwarf_arguments {
	Elf *elf;
	Dwarf *dwarf;
	struct dwarf_index index;
};

struct parameter {
	const char *name; /* NULL: it has none */
	struct dwarf_type type;
	struct abi_place place;
};

struct parameters {
	size_t cnt;
	struct parameter items[MAX_PARAMETERS];
};

struct dwarf_arguments *dwarf_arguments__new(int fd)
{
	struct dwarf_arguments *dwarf = calloc(1, sizeof(*dwarf));
	int err = -ENOMEM;

	if (!dwarf)
		return NULL;
	(void)elf_version(EV_CURRENT);
	/* read, not mapped: its owner may cut it meanwhile */
	dwarf->elf = elf_begin(fd, ELF_C_READ, NULL);
	dwarf->dwarf = dwarf->elf ? dwarf_begin_elf(dwarf->elf, DWARF_C_READ, NULL) : NULL;
	if (dwarf->dwarf)
		err = dwarf_index__init(&dwarf->index, dwarf->dwarf);
	else
		err = -ENODATA;
	if (!err && dwarf->index.range_cnt)
		return dwarf;
	dwarf_arguments__free(dwarf);
	errno = err ? -err : ENODATA;
	return NULL;
}

void dwarf_arguments__free(struct dwarf_arguments *dwarf)
{
	if (!dwarf)
		return;
	dwarf_index__fini(&dwarf->index);
	if (dwarf->dwarf)
		(void)dwarf_end(dwarf->dwarf);
	if (dwarf->elf)
		(void)elf_end(dwarf->elf);
	free(dwarf);
}

/* ---- parameters ---- */

/* The function as the source has it: of a copy the one that it is a copy of. */
static Dwarf_Die origin_of(Dwarf_Die die)
{
	Dwarf_Attribute attribute;
	Dwarf_Die origin;

	for (int i = 0; i < 4; i++) {
		if (!dwarf_attr(&die, DW_AT_abstract_origin, &attribute) ||
		    !dwarf_formref_die(&attribute, &origin))
			break;
		die = origin;
	}
	return die;
}

static void add_parameter(struct parameters *parameters, Dwarf_Die *die, struct abi_caller *caller)
{
	struct parameter *parameter = &parameters->items[parameters->cnt];
	Dwarf_Attribute attribute;
	struct abi_value value;

	*parameter = (struct parameter){
		.name = dwarf_formstring(dwarf_attr_integrate(die, DW_AT_name, &attribute)),
		.type = dwarf_type__of(die),
	};
	value = dwarf_type__value(&parameter->type, caller->machine);
	parameter->place = abi__next(caller, &value);
	parameters->cnt++;
}

/* One register, or two with eight bytes each. */
static bool take_registers(const Dwarf_Op *operations, size_t cnt, enum abi_machine machine,
			   struct abi_place *place)
{
	size_t words = 0;

	for (size_t i = 0; i < cnt; i++) {
		const bool is_piece = operations[i].atom == DW_OP_piece;

		if (is_piece ? operations[i].number != 8 || !words
			     : operations[i].atom < DW_OP_reg0 ||
				       operations[i].atom > DW_OP_reg31 || words == 2)
			return false;
		if (!is_piece)
			place->words[words++] =
				abi__word_of(machine, operations[i].atom - DW_OP_reg0);
	}
	place->how = words ? ABI_IN_REGISTERS : ABI_UNKNOWN;
	return words != 0;
}

/* By what DWARF says of its place at the first instruction. */
static struct abi_place place_by_location(Dwarf_Die *die, const struct function_wish *wish)
{
	const enum abi_machine machine = (enum abi_machine)wish->machine;
	struct abi_place place = { .how = ABI_UNKNOWN,
				   .words = { WIRE_NO_REGISTER, WIRE_NO_REGISTER } };
	Dwarf_Attribute attribute;
	Dwarf_Op *operations;
	size_t cnt;

	if (!dwarf_attr(die, DW_AT_location, &attribute) ||
	    dwarf_getlocation_addr(&attribute, wish->vaddr, &operations, &cnt, 1) != 1 || !cnt ||
	    take_registers(operations, cnt, machine, &place))
		return place;
	place.how = ABI_UNKNOWN;
	if (cnt != 1 ||
	    (operations->atom != DW_OP_fbreg && operations->atom != DW_OP_call_frame_cfa))
		return place;
	place.how = ABI_IN_MEMORY;
	place.base = abi__stack_word(machine);
	place.offset = abi__frame_distance(machine);
	if (operations->atom == DW_OP_fbreg)
		place.offset += (int64_t)operations->number;
	return place;
}

static bool is_go(Dwarf_Die *function)
{
	Dwarf_Die unit;

	return dwarf_diecu(function, &unit, NULL, NULL) && dwarf_srclang(&unit) == DW_LANG_Go;
}

/* Go has results among its parameters. */
static bool is_result(Dwarf_Die *parameter)
{
	Dwarf_Attribute attribute;
	bool is = false;

	return !dwarf_formflag(
		       dwarf_attr_integrate(parameter, DW_AT_variable_parameter, &attribute),
		       &is) &&
	       is;
}

/* The parameters of the function itself, not of the source. */
static void find_locations(Dwarf_Die *function, const struct function_wish *wish,
			   struct parameters *parameters)
{
	Dwarf_Attribute attribute;
	Dwarf_Die child;

	for (size_t i = 0; i < parameters->cnt; i++)
		parameters->items[i].place.how = ABI_UNKNOWN;
	if (dwarf_child(function, &child))
		return;
	do {
		const char *name;

		if (dwarf_tag(&child) != DW_TAG_formal_parameter)
			continue;
		name = dwarf_formstring(dwarf_attr_integrate(&child, DW_AT_name, &attribute));
		for (size_t i = 0; name && i < parameters->cnt; i++) {
			if (parameters->items[i].name && !strcmp(parameters->items[i].name, name))
				parameters->items[i].place = place_by_location(&child, wish);
		}
	} while (!dwarf_siblingof(&child, &child));
}

static void find_parameters(Dwarf_Die *function, const struct function_wish *wish,
			    struct dwarf_type *result, struct parameters *parameters)
{
	struct abi_value result_value = dwarf_type__value(result, (enum abi_machine)wish->machine);
	struct abi_caller caller = abi__begin((enum abi_machine)wish->machine,
					      result->shape == SHAPE_VOID ? NULL : &result_value);
	Dwarf_Die source = origin_of(*function), child;

	parameters->cnt = 0;
	if (dwarf_child(&source, &child))
		return;
	do {
		if (dwarf_tag(&child) == DW_TAG_formal_parameter && !is_result(&child))
			add_parameter(parameters, &child, &caller);
	} while (parameters->cnt < MAX_PARAMETERS && !dwarf_siblingof(&child, &child));
	if (wish->is_changed || is_go(function))
		find_locations(function, wish, parameters);
}

/* ---- what is wanted of them ---- */

__attribute__((format(printf, 2, 3))) static void wrong(struct function_arguments *ret,
							const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)vsnprintf(ret->error, sizeof(ret->error), format, args);
	va_end(args);
	ret->is_wrong = 1;
}

static struct parameter *find_parameter(struct parameters *parameters, const char *name, size_t len)
{
	for (size_t i = 0; i < parameters->cnt; i++) {
		const char *own = parameters->items[i].name;

		if (own && strlen(own) == len && !memcmp(own, name, len))
			return &parameters->items[i];
	}
	return NULL;
}

static void no_parameter(const struct parameters *parameters, const char *name, size_t len,
			 struct function_arguments *ret)
{
	char all[256] = "";

	for (size_t i = 0; i < parameters->cnt; i++) {
		const char *own = parameters->items[i].name;

		if (own && strlen(all) + strlen(own) + 3 < sizeof(all))
			(void)sprintf(all + strlen(all), "%s%s", all[0] ? ", " : "", own);
	}
	if (all[0])
		wrong(ret, "it has no argument '%.*s', but %s", (int)len, name, all);
	else
		wrong(ret, "it has no argument '%.*s': it has none at all", (int)len, name);
}

static void take_wish(struct parameters *parameters, const struct argument_wish *wish,
		      struct function_arguments *ret)
{
	const size_t len = strcspn(wish->name, ".");
	struct parameter *parameter = find_parameter(parameters, wish->name, len);
	struct argument *argument = &ret->items[ret->cnt];

	if (!parameter) {
		no_parameter(parameters, wish->name, len, ret);
		return;
	}
	memcpy(argument->name, wish->name, sizeof(argument->name));
	if (argument_path__resolve(parameter->type, &parameter->place, wish->name + len, wish->type,
				   argument)) {
		wrong(ret, "'%s': %s", wish->name, argument->why);
		return;
	}
	if (parameter->place.how == ABI_UNKNOWN)
		(void)snprintf(argument->why, sizeof(argument->why),
			       "the compiler has left it out here");
	ret->cnt++;
}

/* All that a field can have. */
static void take_all(struct parameters *parameters, struct function_arguments *ret)
{
	for (size_t i = 0; i < parameters->cnt && ret->cnt < TTLOG_MAX_FIELDS; i++) {
		struct parameter *parameter = &parameters->items[i];
		struct argument *argument = &ret->items[ret->cnt];

		if (!parameter->name || argument_path__resolve(parameter->type, &parameter->place,
							       "", TTLOG_TYPE_NONE, argument))
			continue;
		(void)snprintf(argument->name, sizeof(argument->name), "%s", parameter->name);
		if (parameter->place.how == ABI_UNKNOWN)
			(void)snprintf(argument->why, sizeof(argument->why),
				       "the compiler has left it out here");
		ret->cnt++;
	}
}

/* The value that a function returns is where a first argument would be, but for its register. */
static void find_result(struct dwarf_type result, const struct function_wish *wish,
			struct argument *ret)
{
	struct abi_place place = {
		.how = ABI_IN_REGISTERS,
		.words = { abi__return_word((enum abi_machine)wish->machine), WIRE_NO_REGISTER },
	};

	if (result.shape != SHAPE_NUMBER && result.shape != SHAPE_POINTER &&
	    result.shape != SHAPE_REFERENCE)
		return;
	if (result.shape == SHAPE_REFERENCE) {
		result.shape = SHAPE_POINTER;
		result.type = TTLOG_TYPE_PTR;
	}
	if (result.is_float)
		place.words[0] = WIRE_NO_REGISTER;
	if (argument_path__resolve(result, &place, "", TTLOG_TYPE_NONE, ret))
		*ret = (struct argument){ .type = TTLOG_TYPE_NONE };
}

/* Where it is declared; of Go, where its code begins. */
static void find_line(Dwarf_Die *function, uint64_t start, struct function_arguments *ret)
{
	const char *file = NULL;
	Dwarf_Die unit;
	int line = 0;

	if (!dwarf_decl_line(function, &line) && line > 0) {
		file = dwarf_decl_file(function);
	} else if (dwarf_diecu(function, &unit, NULL, NULL)) {
		Dwarf_Line *found = dwarf_getsrc_die(&unit, start);

		if (found && !dwarf_lineno(found, &line) && line > 0)
			file = dwarf_linesrc(found, NULL, NULL);
	}
	if (!file)
		return;
	(void)snprintf(ret->file, sizeof(ret->file), "%s", file);
	ret->line = (uint32_t)line;
}

void dwarf_arguments__find(struct dwarf_arguments *dwarf, const struct function_wish *wish,
			   struct function_arguments *ret)
{
	struct parameters *parameters = calloc(1, sizeof(*parameters));
	struct dwarf_type result;
	Dwarf_Die function;

	memset(ret, 0, sizeof(*ret));
	if (!parameters || dwarf_index__find(&dwarf->index, wish->vaddr, &function))
		goto done;
	ret->is_known = 1;
	result = dwarf_type__of(&function);
	find_parameters(&function, wish, &result, parameters);
	find_result(result, wish, &ret->ret);
	find_line(&function, wish->vaddr, ret);
	if (!wish->has_wishes)
		take_all(parameters, ret);
	for (size_t i = 0; wish->has_wishes && !ret->is_wrong && i < wish->cnt; i++)
		take_wish(parameters, &wish->wishes[i], ret);
done:
	free(parameters);
}
