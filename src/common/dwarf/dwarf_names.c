/* SPDX-License-Identifier: MIT */
/*
 * The line of the innermost function comes from the line table. The line of each function that it
 * is inlined into comes from the call in the inlined one's DIE.
 *
 * Names are demangled by libiberty, the demangler of gdb and binutils, which is C.
 */
#include <dwarf.h>
#include <elfutils/libdw.h>
#include <elfutils/libdwfl.h>
#include <libiberty/demangle.h>
#include <stdlib.h>
#include <string.h>

#undef ARRAY_SIZE /* libiberty.h has it, too */
#include "array.h"
#include "dwarf_names.h"

/* The answer to an earlier question. */
struct known {
	struct dwarf_step step;
	bool whole;
	struct dwarf_name *names; /* with texts of their own */
	size_t cnt, cap;
};

/* Crashes that come together mostly come from the same places. */
#define MAX_KNOWN   4096
/* Of functions in functions whose names are told in full. */
#define MAX_NESTING 4

struct dwarf_names {
	Dwfl_Module *module;
	struct known *known;
	size_t cnt, cap;
};

struct lookup {
	Dwfl_Module *module;
	Dwarf_Die *unit; /* NULL: no DWARF for it */
	Dwarf_Addr bias; /* of the unit's addresses */
	Dwarf_Addr address;
	const char *file; /* where the function that comes next is at */
	uint32_t line;
	struct known answer;
};

/* clang writes no .debug_aranges: then all units are searched. */
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

/* Where the call is that was inlined as this DIE. */
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

/* The linker's name, which has namespaces and arguments, else the source's. */
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

/* Demangled. The caller frees; NULL: there is no name. */
static char *readable_name(const char *symbol)
{
	char *name = symbol ? strndup(symbol, strcspn(symbol, "@")) : NULL; /* "name@@VERSION" */
	char *demangled = NULL;

	/* C++ and Rust; other names that libiberty would demangle may be names of C */
	if (name && (!strncmp(name, "_Z", 2) || !strncmp(name, "_R", 2)))
		demangled = cplus_demangle(name, DMGL_PARAMS | DMGL_ANSI);
	if (!demangled)
		return name;
	free(name);
	return demangled;
}

char *dwarf_names__type(const char *mangled)
{
	return cplus_demangle_v3(mangled, DMGL_TYPES | DMGL_PARAMS | DMGL_ANSI);
}

/* The DIE of its declaration: that is the one inside its function and classes. */
static void find_declaration(Dwarf_Die *die)
{
	Dwarf_Attribute attribute;

	/* from an inlined one to an abstract one to a declaration; a sound file has no more */
	for (int i = 0; i < 4; i++) {
		if (!dwarf_attr(die, DW_AT_abstract_origin, &attribute) &&
		    !dwarf_attr(die, DW_AT_specification, &attribute))
			return;
		if (!dwarf_formref_die(&attribute, die))
			return;
	}
}

/* What a scope adds to the names of those inside it; NULL: nothing. The caller frees. */
static char *scope_name(Dwarf_Die *scope)
{
	const char *name = dwarf_diename(scope);

	switch (dwarf_tag(scope)) {
	case DW_TAG_subprogram:
		return readable_name(die_name(scope));
	case DW_TAG_class_type:
	case DW_TAG_structure_type:
		return strdup(name ? name : "<lambda>");
	case DW_TAG_namespace:
		return strdup(name ? name : "(anonymous namespace)");
	default:
		return NULL;
	}
}

/* Takes ownership of name. False: no memory. */
static bool prepend(char **to, char *name)
{
	char *whole;

	if (asprintf(&whole, "%s::%s", name, *to) < 0)
		whole = NULL;
	free(name);
	free(*to);
	*to = whole;
	return whole != NULL;
}

/* Prepends all scopes that a function lies in, up to a function with a linker's name, which
 * includes the scopes around that. Returns whether there was such a function. */
static bool prepend_scopes(char **to, Dwarf_Die die, int max)
{
	Dwarf_Die *scopes = NULL;
	bool is_function = false;
	int cnt;

	find_declaration(&die);
	cnt = dwarf_getscopes_die(&die, &scopes);
	for (int i = 1; !is_function && i < cnt; i++) {
		char *name = scope_name(&scopes[i]);

		is_function = dwarf_tag(&scopes[i]) == DW_TAG_subprogram;
		if (!name)
			continue;
		if (!prepend(to, name))
			break;
		/* the scopes around it are those of its declaration */
		if (is_function && max && !strcmp(die_name(&scopes[i]), dwarf_diename(&scopes[i])))
			(void)prepend_scopes(to, scopes[i], max - 1);
	}
	free(scopes);
	return is_function;
}

/* "shop::run::<lambda(int)>::operator()": the compiler gives no linker's name to a function that
 * only one file knows, as most lambdas. NULL if it is in no function. */
static char *local_name(Dwarf_Die *die)
{
	char *whole = strdup(dwarf_diename(die));

	if (whole && prepend_scopes(&whole, *die, MAX_NESTING))
		return whole;
	free(whole);
	return NULL;
}

/* As readable_name(). */
static char *function_name(Dwarf_Die *die)
{
	const char *name = die_name(die);
	char *whole = name && !strcmp(name, "operator()") ? local_name(die) : NULL;

	return whole ? whole : readable_name(name);
}

/* Takes ownership of symbol. */
static void add_name(struct lookup *lookup, char *symbol, uint64_t offset, bool is_inlined)
{
	struct known *answer = &lookup->answer;

	if (array__reserve(answer->names, answer->cnt + 1, &answer->cap)) {
		free(symbol);
		return;
	}
	answer->names[answer->cnt++] = (struct dwarf_name){
		.symbol = symbol,
		.offset = offset,
		.file = lookup->file ? strdup(lookup->file) : NULL,
		.line = lookup->line,
		.is_inlined = is_inlined,
	};
}

/* The scopes around the address, innermost first, by their code. (dwarf_getscopes() gives those
 * around an inlined function by its source.) */
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

/* Adds the functions inlined at the address. ret_name: of the function that has the code; the
 * caller frees. */
static void give_inlined(struct lookup *lookup, char **ret_name)
{
	Dwarf_Die *scopes = NULL;
	int cnt = find_scopes(lookup, &scopes);

	for (int i = 0; i < cnt; i++) {
		if (dwarf_tag(&scopes[i]) == DW_TAG_subprogram) {
			*ret_name = function_name(&scopes[i]);
			break;
		}
		if (dwarf_tag(&scopes[i]) != DW_TAG_inlined_subroutine)
			continue;
		add_name(lookup, function_name(&scopes[i]), 0, true);
		find_call(lookup, &scopes[i]);
	}
	free(scopes);
}

static void look_up(struct lookup *lookup, const struct dwarf_step *step, bool whole)
{
	char *die_symbol = NULL;
	const char *symbol;
	GElf_Off offset = 0;
	GElf_Sym sym;

	if (whole)
		lookup->unit = find_unit(lookup->module, lookup->address, &lookup->bias);
	symbol = dwfl_module_addrinfo(lookup->module, lookup->address, &offset, &sym, NULL, NULL,
				      NULL);
	if (lookup->unit) {
		find_line(lookup);
		give_inlined(lookup, &die_symbol);
	}
	/* a function may have lost its symbol but kept its DIE */
	if (!symbol) {
		add_name(lookup, die_symbol, 0, false);
		return;
	}
	add_name(lookup, readable_name(symbol), offset + step->is_call, false);
	free(die_symbol);
}

static void fini_known(struct known *known)
{
	for (size_t i = 0; i < known->cnt; i++) {
		free((char *)known->names[i].symbol);
		free((char *)known->names[i].file);
	}
	free(known->names);
}

static struct known *find_known(const struct dwarf_names *names, const struct dwarf_step *step,
				bool whole)
{
	for (size_t i = 0; i < names->cnt; i++) {
		struct known *known = &names->known[i];

		if (known->step.ip == step->ip && known->step.is_call == step->is_call &&
		    known->whole == whole)
			return known;
	}
	return NULL;
}

static void remember(struct dwarf_names *names, struct known *answer)
{
	if (names->cnt < MAX_KNOWN && !array__reserve(names->known, names->cnt + 1, &names->cap))
		names->known[names->cnt++] = *answer;
	else
		fini_known(answer);
}

static void give_all(const struct known *known,
		     void (*take)(void *ctx, const struct dwarf_name *name), void *ctx)
{
	for (size_t i = 0; i < known->cnt; i++)
		take(ctx, &known->names[i]);
	if (!known->cnt || known->names[known->cnt - 1].is_inlined)
		take(ctx, &(struct dwarf_name){ 0 }); /* no memory for it */
}

void dwarf_names__each(struct dwarf_names *names, const struct dwarf_step *step, bool whole,
		       void (*take)(void *ctx, const struct dwarf_name *name), void *ctx)
{
	const struct known *known = find_known(names, step, whole);
	struct lookup lookup = {
		.module = names->module,
		.address = step->ip - step->is_call,
		.answer = { .step = *step, .whole = whole },
	};

	if (known) {
		give_all(known, take, ctx);
		return;
	}
	look_up(&lookup, step, whole);
	give_all(&lookup.answer, take, ctx);
	remember(names, &lookup.answer);
}

struct dwarf_names *dwarf_names__new(Dwfl_Module *module)
{
	struct dwarf_names *names = calloc(1, sizeof(*names));

	if (names)
		names->module = module;
	return names;
}
