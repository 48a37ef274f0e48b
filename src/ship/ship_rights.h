/* SPDX-License-Identifier: MIT */
/*
 * Gives up, for good, all that the shipper does not need once the process that starts ttlog-view runs:
 * capabilities, system calls, and the paths that it may open.
 */
#ifndef TTLOG_SHIP_RIGHTS_H
#define TTLOG_SHIP_RIGHTS_H

#include "ship_options.h"

struct control_places;

/* In the only thread. from: the real path of the spool. places: where collectors are asked; NULL: they
 * are not. 0; without Landlock, too. Else -errno, and
 * *ret_failed says what failed. */
int ship_rights__drop(const struct ship_options *options, const char *from,
		      const struct control_places *places, const char **ret_failed);

#endif /* TTLOG_SHIP_RIGHTS_H */
