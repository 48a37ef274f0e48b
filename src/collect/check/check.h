/* SPDX-License-Identifier: MIT */
/*
 * What `ttlog-collect --check` prints: what works here, what is missing, what that costs, and what
 * to do about it.
 */
#ifndef TTLOG_CHECK_H
#define TTLOG_CHECK_H

#include <stdio.h>

#include "trial.h"

/* output_dir: where snapshots would go. record: collect__run(). Returns the exit status: 0 if
 * recording is possible, else 1. */
int check__print(FILE *out, const char *output_dir, trial_record_fn record);

#endif /* TTLOG_CHECK_H */
