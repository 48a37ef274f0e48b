/* SPDX-License-Identifier: MIT */
/* What others may ask of this machine: --allow LIST. */
#ifndef TTLOG_SHIP_ALLOW_H
#define TTLOG_SHIP_ALLOW_H

#include "fleet_error.h"

#define SHIP_ALLOW_DEFAULT "status,list"

/* ret: a bit for each enum ask_command (ask_request.h); 0: "none". text: of status, list, trigger, level.
 * 0; -EINVAL with a line for the user. */
int ship_allow__parse(unsigned int *ret, const char *text, struct fleet_error *error);

#endif /* TTLOG_SHIP_ALLOW_H */
