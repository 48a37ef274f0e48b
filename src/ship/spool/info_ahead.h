/* SPDX-License-Identifier: MIT */
/* What ttlog-view --info says of files that are asked for soon: a line for each of them. */
#ifndef TTLOG_INFO_AHEAD_H
#define TTLOG_INFO_AHEAD_H

#include <stdbool.h>
#include <stddef.h>

#include "spool.h"

/* Between names in a request: no name has it. */
#define INFO_AHEAD_BETWEEN       "/"
#define INFO_AHEAD_REQUEST_BYTES (SPOOL_AHEAD_MOST * (NAME_MAX + 1) + 1)

/* All zero: none. */
struct info_ahead {
	struct spool_names asked;
	size_t most; /* bytes of the answer */
	bool is_asked;
	char *texts[SPOOL_AHEAD_MOST]; /* NULL: taken, or not known */
};

void info_ahead__forget(struct info_ahead *ahead);
/* Forgets the ones before; ret: what asks for these. */
void info_ahead__begin(struct info_ahead *ahead, const struct spool_names *names, size_t most,
		       char ret[INFO_AHEAD_REQUEST_BYTES]);
/* NULL, or not a line for each: nothing is known of any, and each is asked for by itself. */
void info_ahead__fill(struct info_ahead *ahead, const char *answer);

/* Whether it is asked for, or known. */
bool info_ahead__has(const struct info_ahead *ahead, const char *name);
/* The caller frees it. NULL: it is not known. */
char *info_ahead__take(struct info_ahead *ahead, const char *name);

#endif /* TTLOG_INFO_AHEAD_H */
