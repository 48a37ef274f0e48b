/* SPDX-License-Identifier: MIT */
/*
 * Moments as someone writes them for --since and --until:
 *   2026-11-21T06:00:00.5Z, 2026-11-21T07:00:00+01:00   RFC 3339, also with +0100 or +01
 *   2026-11-21 06:00[:00[.5]], 2026-11-21               UTC
 *   06:00[:00[.5]]                                      UTC, on the day of the last event
 *   @1795240800[.5]                                     seconds since 1970
 *   -10s                                                before the last event (ns us ms s m h d)
 */
#ifndef TTLOG_WHEN_H
#define TTLOG_WHEN_H

#include <stdint.h>

#define WHEN_FORMS                                                                                 \
	"2026-11-21T06:00:00Z, '2026-11-21 06:00' (UTC), 06:00 (UTC, the last event's day), "      \
	"@SECONDS or -10s (before the last event)"

enum when_kind {
	WHEN_ABSOLUTE,    /* ns since 1970 */
	WHEN_TIME_OF_DAY, /* ns since midnight */
	WHEN_BEFORE_LAST, /* ns */
};

struct when {
	enum when_kind kind;
	uint64_t ns;
};

/* Returns 0, or -EINVAL where the text is none of the above. */
int when__parse(struct when *ret, const char *text);
/* The moment in ns since 1970, where the last event was at last_ns. */
uint64_t when__resolve(const struct when *when, uint64_t last_ns);

#endif /* TTLOG_WHEN_H */
