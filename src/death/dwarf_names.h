/* SPDX-License-Identifier: MIT */
/*
 * From an address to functions, files and lines: the part of dwarf.h that looks names up.
 */
#ifndef TTLOG_DWARF_NAMES_H
#define TTLOG_DWARF_NAMES_H

#include <elfutils/libdwfl.h>

#include "dwarf.h"

struct dwarf_names;

/* The module is one that lies where it was linked for, and lives longer. NULL with errno. */
struct dwarf_names *dwarf_names__new(Dwfl_Module *module);

/* As dwarf__name(). What was asked before is known by heart. */
void dwarf_names__each(struct dwarf_names *names, const struct dwarf_step *step, bool whole,
		       void (*take)(void *ctx, const struct dwarf_name *name), void *ctx);

/* A std::type_info's name as people write it. The caller frees; NULL where it is none. */
char *dwarf_names__type(const char *mangled);

#endif /* TTLOG_DWARF_NAMES_H */
