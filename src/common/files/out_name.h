/* SPDX-License-Identifier: MIT */
/*
 * Names of files that the recorder makes in the directory that files go to; no other ones are
 * opened, renamed or deleted there.
 */
#ifndef TTLOG_OUT_NAME_H
#define TTLOG_OUT_NAME_H

#include <stdbool.h>
#include <stdint.h>

/* The clock that ages are measured by (age_clock.h), and a new one before it takes its place. */
#define OUT_NAME_AGE     ".ttlog-age"
#define OUT_NAME_NEW_AGE OUT_NAME_AGE ".new"

enum out_name {
	OUT_NAME_FOREIGN,
	OUT_NAME_FILE,   /* ttlog-PID-YYYYMMDDHHMMSSmmm-REASON.bin */
	OUT_NAME_PART,   /* the same, ...-stream.bin.part */
	OUT_NAME_HIDDEN, /* .ttlog-PID-NUMBER.tmp (new_file.h) */
	OUT_NAME_CLOCK,  /* those above */
};

enum out_name out_name__kind(const char *name);
/* The time in the name of a FILE or PART, ns since 1970; 0: before that. */
uint64_t out_name__real_ns(const char *name);

#endif /* TTLOG_OUT_NAME_H */
