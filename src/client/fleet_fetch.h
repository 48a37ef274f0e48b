/* SPDX-License-Identifier: MIT */
/*
 * ttlog-fleet fetch: files into the cache, newest first. For each a line of what happens, with blanks between:
 *	file URL ID OBJECT	it is in the cache; URL: its number among the arguments
 *	progress DONE TOTAL	bytes
 *	end STATUS		the exit status; with --hold it stays, and keeps the files, until its reader is gone
 */
#ifndef TTLOG_FLEET_FETCH_H
#define TTLOG_FLEET_FETCH_H

#include "client_options.h"

/* Returns the exit status; what failed was said. */
int fleet_fetch__run(const struct client_options *options);

#endif /* TTLOG_FLEET_FETCH_H */
