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
	bool is_call; /* ip is where a call returns to: the instruction after the one that is meant */
};

struct dwarf_name {
	const char *symbol; /* demangled, NULL unknown; valid until the call returns */
	uint64_t offset;    /* from the symbol; 0 where it is inlined */
	const char *file;   /* NULL unknown */
	uint32_t line;
	bool is_inlined; /* and a step has more names: those it is inlined into */
};

/* The module is one that lies where it was linked for, and lives longer. NULL with errno. */
struct dwarf_names *dwarf_names__new(struct Dwfl_Module *module);

/* As dwarf__name(). What was asked before is known by heart. */
void dwarf_names__each(struct dwarf_names *names, const struct dwarf_step *step, bool whole,
		       void (*take)(void *ctx, const struct dwarf_name *name), void *ctx);

/* A std::type_info's name as people write it. The caller frees; NULL where it is none. */
char *dwarf_names__type(const char *mangled);

#endif /* TTLOG_DWARF_NAMES_H */
