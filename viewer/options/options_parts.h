/* SPDX-License-Identifier: MIT */
/* What the files of `options` share. */
#ifndef TTLOG_VIEW_OPTIONS_PARTS_H
#define TTLOG_VIEW_OPTIONS_PARTS_H

#include <argp.h>

#include "options.h"

/* The texts of --help before and after the list of options. */
extern const char OPTIONS_DOC[];

/* Ends the process if options do not go together. */
void options__check(const struct options *options, struct argp_state *state);

#endif /* TTLOG_VIEW_OPTIONS_PARTS_H */
