/* SPDX-License-Identifier: MIT */
/*
 * What `ttlog-collect --check` prints: what works here, what is missing, what that costs, and what
 * to do about it.
 */
#ifndef TTLOG_CHECK_H
#define TTLOG_CHECK_H

#include <stdio.h>

#include "trial.h"

/* output_dir: where snapshots would go. shipped_state: of --keep-until-shipped; NULL: it was not
 * given. record: collect__run(). Returns the exit status: 0 if recording is possible, else 1. */
int check__print(FILE *out, const char *output_dir, const char *shipped_state,
		 trial_record_fn record);

#endif /* TTLOG_CHECK_H */
