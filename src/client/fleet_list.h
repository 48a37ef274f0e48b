/* SPDX-License-Identifier: MIT */
/* ttlog-fleet list: a line for each file, newest first. */
#ifndef TTLOG_FLEET_LIST_H
#define TTLOG_FLEET_LIST_H

#include <stdbool.h>

#include "client_options.h"
#include "fleet_files.h"

/* The files of all URLs, newest first; what failed was said. Returns whether these are all. */
bool fleet_list__gather(struct fleet_files *ret, const struct client_options *options);

/* Returns the exit status; what failed was said. */
int fleet_list__run(const struct client_options *options);

#endif /* TTLOG_FLEET_LIST_H */
