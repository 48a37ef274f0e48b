/* SPDX-License-Identifier: MIT */
/*
 * From an argument's place and type to the value of one of its members: "order.price.units".
 */
#ifndef TTLOG_ARGUMENT_PATH_H
#define TTLOG_ARGUMENT_PATH_H

#include "abi.h"
#include "argument.h"
#include "dwarf_type.h"

/* members: what follows the argument's name, from the dot on; "": nothing. 0, or -EINVAL: ret->why
 * says what is wrong with it. Fills type, value and why. */
int argument_path__resolve(struct dwarf_type type, const struct abi_place *place,
			   const char *members, uint8_t wished_type, struct argument *ret);

#endif /* TTLOG_ARGUMENT_PATH_H */
