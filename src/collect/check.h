/* SPDX-License-Identifier: MIT */
/*
 * What `ttlog-collect --check` prints: what works here, what is missing, what that costs, and what
 * to do about it.
 */
#ifndef TTLOG_CHECK_H
#define TTLOG_CHECK_H

#include <stdio.h>

/* output_dir: where snapshots would go. Returns the exit status: 0 where recording is possible,
 * else 1. */
int check__print(FILE *out, const char *output_dir);

/* Only what recording needs and this machine lacks, each with what to do; nothing where that is
 * nothing. For those who could not begin. */
void check__explain(FILE *out);

#endif /* TTLOG_CHECK_H */
