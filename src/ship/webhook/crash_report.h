/* SPDX-License-Identifier: MIT */
/* What a webhook is told of a crash. */
#ifndef TTLOG_CRASH_REPORT_H
#define TTLOG_CRASH_REPORT_H

#include <limits.h>
#include <stdint.h>

#include "index_summary.h"
#include "rfc3339.h"

struct crash_report {
	char signature[INDEX_SIGNATURE_BYTES]; /* "": it has none, as without frames */
	char host[FLEET_NAME_BYTES], service[FLEET_NAME_BYTES];
	char signal[INDEX_SIGNAL_BYTES], frame[INDEX_FRAME_BYTES]; /* "": not known */
	char time[RFC3339_BYTES + 1];
	uint64_t time_s; /* since 1970 */
	char file[NAME_MAX + 1], object[FLEET_OBJECT_BYTES];
};

enum crash_news {
	CRASH_KNOWN = 0,
	CRASH_NEW = 1, /* the first with its signature */
	CRASH_BACK = 2 /* the first one for a week */
};

/* info: what `ttlog-view --info --format json` says of the file, or less. host: of this machine. -EINVAL: it
 * is no JSON object; -ENOMEM. */
int crash_report__read(struct crash_report *ret, const char *info, const char *service,
		       const char *file, const char *host);

/* What a signature is known by: crashes without one are told apart by service and signal. */
#define CRASH_KEY_BYTES (FLEET_NAME_BYTES + INDEX_SIGNAL_BYTES + 8)
void crash_report__key(const struct crash_report *report, char ret[CRASH_KEY_BYTES]);

/*
 * A JSON object, which the caller frees. cnt: how many crashes had this signature so far; before_s: when the last
 * one before it was, for CRASH_BACK. NULL: out of memory.
 */
char *crash_report__json(const struct crash_report *report, enum crash_news news, uint64_t cnt,
			 uint64_t before_s);

#endif /* TTLOG_CRASH_REPORT_H */
