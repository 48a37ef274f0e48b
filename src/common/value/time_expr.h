/* SPDX-License-Identifier: MIT */
/*
 * Moments as text, for --since and --until:
 *   2026-11-21T06:00:00.5Z, 2026-11-21T07:00:00+01:00   RFC 3339, also with +0100 or +01
 *   2026-11-21 06:00[:00[.5]], 2026-11-21               UTC
 *   06:00[:00[.5]]                                      UTC, on the day of the last event
 *   @1795240800[.5]                                     seconds since 1970
 *   -10s                                                before the last event (ns us ms s m h d)
 */
#ifndef TTLOG_TIME_EXPR_H
#define TTLOG_TIME_EXPR_H

#include <stdint.h>

#define TIME_EXPR_FORMS                                                                            \
	"2026-11-21T06:00:00Z, '2026-11-21 06:00' (UTC), 06:00 (UTC, the last event's day), "      \
	"@SECONDS or -10s (before the last event)"

enum time_expr_kind {
	TIME_EXPR_ABSOLUTE,    /* ns since 1970 */
	TIME_EXPR_TIME_OF_DAY, /* ns since midnight */
	TIME_EXPR_BEFORE_LAST, /* ns */
};

struct time_expr {
	enum time_expr_kind kind;
	uint64_t ns;
};

/* Returns 0, or -EINVAL: the text is none of the above. */
int time_expr__parse(struct time_expr *ret, const char *text);
/* The moment in ns since 1970, if the last event was at last_ns. */
uint64_t time_expr__resolve(const struct time_expr *time, uint64_t last_ns);

#endif /* TTLOG_TIME_EXPR_H */
