/* SPDX-License-Identifier: MIT */
/*
 * The arguments of functions by debug information, with libdw of elfutils. One thread.
 */
#ifndef TTLOG_DWARF_ARGUMENTS_H
#define TTLOG_DWARF_ARGUMENTS_H

#include "argument.h"

struct dwarf_arguments;

/* Of the file that is open on fd, which is used until it is freed. NULL with errno: ENODATA: it has
 * no debug information. */
struct dwarf_arguments *dwarf_arguments__new(int fd);
/* NULL is fine. */
void dwarf_arguments__free(struct dwarf_arguments *dwarf);

/* is_known is 0 if there is nothing of that function. */
void dwarf_arguments__find(struct dwarf_arguments *dwarf, const struct function_wish *wish,
			   struct function_arguments *ret);

#endif /* TTLOG_DWARF_ARGUMENTS_H */
