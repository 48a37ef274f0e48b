/* SPDX-License-Identifier: MIT */
/* What a collector told, as the options want it. */
#ifndef TTLOG_CTL_SHOW_H
#define TTLOG_CTL_SHOW_H

#include <stdio.h>

struct ctl_options;

/* An answer in JSON, as text or as it is. 0; 1: it is none, which is said with that name. */
int show__answer(FILE *out, const struct ctl_options *options, const char *name, const char *text);
/* The paths of snapshots, and not the lines of errors between them. */
void show__paths(FILE *out, const char *text);

#endif /* TTLOG_CTL_SHOW_H */
