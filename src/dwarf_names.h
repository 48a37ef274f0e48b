/* SPDX-License-Identifier: MIT */
/*
 * From an address to functions, files and lines: the part of dwarf.h that looks names up.
 */
#ifndef TTLOG_DWARF_NAMES_H
#define TTLOG_DWARF_NAMES_H

#include <elfutils/libdwfl.h>

#include "dwarf.h"

void dwarf_names__each(Dwfl *dwfl, const struct dwarf_step *step,
		       void (*take)(void *ctx, const struct dwarf_name *name), void *ctx);

#endif /* TTLOG_DWARF_NAMES_H */
