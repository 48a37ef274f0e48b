/* SPDX-License-Identifier: MIT */
/*
 * The innermost function of an address is where the line table says that it is; each one that it is
 * inlined into is where its DIE says that it was called.
 *
 * Names are demangled by libiberty, the demangler of gdb and binutils, which is C.
 */
#include <dwarf.h>
#include <elfutils/libdw.h>
#include <libiberty/demangle.h>
#include <stdlib.h>
#include <string.h>

#include "dwarf_names.h"

struct lookup {
	Dwfl_Module *module;
	Dwarf_Die *unit; /* NULL: no DWARF for it */
	Dwarf_Addr bias; /* of the unit's addresses */
	Dwarf_Addr address;
	const char *file; /* of the function that comes next */
	uint32_t line;
	void (*take)(void *ctx, const struct dwarf_name *name);
	void *ctx;
};

/* clang writes no .debug_aranges: then each unit is asked. */
static Dwarf_Die *find_unit(Dwfl_Module *module, Dwarf_Addr address, Dwarf_Addr *ret_bias)
{
	Dwarf_Die *unit = dwfl_module_addrdie(module, address, ret_bias);

	if (unit)
		return unit;
	while ((unit = dwfl_module_nextcu(module, unit, ret_bias))) {
		if (dwarf_haspc(unit, address - *ret_bias) == 1)
			return unit;
	}
	return NULL;
}

static void find_line(struct lookup *lookup)
{
	Dwarf_Line *line = dwarf_getsrc_die(lookup->unit, lookup->address - lookup->bias);
	int number = 0;

	if (!line)
		return;
	lookup->file = dwarf_linesrc(line, NULL, NULL);
	if (dwarf_lineno(line, &number) == 0 && number > 0)
		lookup->line = (uint32_t)number;
}

/* The call that the DIE is the inlined body of. */
static void find_call(struct lookup *lookup, Dwarf_Die *inlined)
{
	Dwarf_Attribute attribute;
	Dwarf_Files *files;
	Dwarf_Word value;

	lookup->file = NULL;
	lookup->line = 0;
	if (dwarf_formudata(dwarf_attr(inlined, DW_AT_call_file, &attribute), &value) == 0 &&
	    dwarf_getsrcfiles(lookup->unit, &files, NULL) == 0)
		lookup->file = dwarf_filesrc(files, value, NULL, NULL);
	if (dwarf_formudata(dwarf_attr(inlined, DW_AT_call_line, &attribute), &value) == 0)
		lookup->line = (uint32_t)value;
}

/* As the linker knows it, so with its namespaces and arguments, else as the source has it. */
static const char *die_name(Dwarf_Die *die)
{
	Dwarf_Attribute attribute;
	const char *name;

	name = dwarf_formstring(dwarf_attr_integrate(die, DW_AT_linkage_name, &attribute));
	if (!name)
		name = dwarf_formstring(
			dwarf_attr_integrate(die, DW_AT_MIPS_linkage_name, &attribute));
	return name ? name : dwarf_diename(die);
}

/* As people write it. The caller frees; NULL where there is none. */
static char *readable_name(const char *symbol)
{
	char *name = symbol ? strndup(symbol, strcspn(symbol, "@")) : NULL; /* "name@@VERSION" */
	char *demangled = NULL;

	/* C++ and Rust; the rest of what it takes for mangled are names that C programs may have */
	if (name && (!strncmp(name, "_Z", 2) || !strncmp(name, "_R", 2)))
		demangled = cplus_demangle(name, DMGL_PARAMS | DMGL_ANSI);
	if (!demangled)
		return name;
	free(name);
	return demangled;
}

static void give(struct lookup *lookup, const char *symbol, uint64_t offset, bool is_inlined)
{
	char *name = readable_name(symbol);

	lookup->take(lookup->ctx, &(struct dwarf_name){
					  .symbol = name,
					  .offset = offset,
					  .file = lookup->file,
					  .line = lookup->line,
					  .is_inlined = is_inlined,
				  });
	free(name);
}

/* The scopes around the address, innermost first, by where their code lies (not by where it is
 * written, as dwarf_getscopes() has those around an inlined one). */
static int find_scopes(struct lookup *lookup, Dwarf_Die **ret_scopes)
{
	Dwarf_Die *scopes = NULL, innermost;
	int cnt = dwarf_getscopes(lookup->unit, lookup->address - lookup->bias, &scopes);

	if (cnt <= 0)
		return 0;
	innermost = scopes[0];
	free(scopes);
	cnt = dwarf_getscopes_die(&innermost, ret_scopes);
	return cnt > 0 ? cnt : 0;
}

/* What is inlined at the address. ret_name: of the function whose code it is. */
static void give_inlined(struct lookup *lookup, const char **ret_name)
{
	Dwarf_Die *scopes = NULL;
	int cnt = find_scopes(lookup, &scopes);

	for (int i = 0; i < cnt; i++) {
		if (dwarf_tag(&scopes[i]) == DW_TAG_subprogram) {
			*ret_name = die_name(&scopes[i]);
			break;
		}
		if (dwarf_tag(&scopes[i]) != DW_TAG_inlined_subroutine)
			continue;
		give(lookup, die_name(&scopes[i]), 0, true);
		find_call(lookup, &scopes[i]);
	}
	free(scopes);
}

void dwarf_names__each(Dwfl *dwfl, const struct dwarf_step *step,
		       void (*take)(void *ctx, const struct dwarf_name *name), void *ctx)
{
	struct lookup lookup = {
		.address = step->ip - step->is_call,
		.take = take,
		.ctx = ctx,
	};
	const char *symbol = NULL, *die_symbol = NULL;
	GElf_Off offset = 0;
	GElf_Sym sym;

	lookup.module = dwfl_addrmodule(dwfl, lookup.address);
	if (lookup.module) {
		lookup.unit = find_unit(lookup.module, lookup.address, &lookup.bias);
		symbol = dwfl_module_addrinfo(lookup.module, lookup.address, &offset, &sym, NULL,
					      NULL, NULL);
	}
	if (lookup.unit) {
		find_line(&lookup);
		give_inlined(&lookup, &die_symbol);
	}
	/* a function may have lost its symbol but kept its DIE */
	if (!symbol)
		give(&lookup, die_symbol, 0, false);
	else
		give(&lookup, symbol, offset + step->is_call, false);
}
