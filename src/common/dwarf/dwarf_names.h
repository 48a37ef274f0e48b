/* SPDX-License-Identifier: MIT */
/*
 * From an address to functions, files and lines: the part of dwarf.h that looks names up.
 */
#ifndef TTLOG_DWARF_NAMES_H
#define TTLOG_DWARF_NAMES_H

#include <stdbool.h>
#include <stdint.h>

struct Dwfl_Module; /* of elfutils/libdwfl.h */
struct dwarf_names;

struct dwarf_step {
	uint64_t ip;
	bool is_call; /* ip is a return address: the instruction after the call */
};

struct dwarf_name {
	const char *symbol; /* demangled, NULL unknown; valid until the call returns */
	uint64_t offset;    /* from the symbol; 0 where it is inlined */
	const char *file;   /* NULL unknown */
	uint32_t line;
	bool is_inlined; /* then the function that it is inlined into follows */
};

/* The module lies at its link-time addresses, and lives longer. NULL with errno. */
struct dwarf_names *dwarf_names__new(struct Dwfl_Module *module);

/* As dwarf__name(). Answers are remembered. */
void dwarf_names__each(struct dwarf_names *names, const struct dwarf_step *step, bool whole,
		       void (*take)(void *ctx, const struct dwarf_name *name), void *ctx);

/* A std::type_info's name, demangled. The caller frees; NULL if it is no such name. */
char *dwarf_names__type(const char *mangled);

#endif /* TTLOG_DWARF_NAMES_H */
