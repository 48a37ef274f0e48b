/* SPDX-License-Identifier: MIT */
/* The crash in one of Sentry's events: its exception, threads and images. */
#ifndef TTLOG_VIEW_SENTRY_CRASH_H
#define TTLOG_VIEW_SENTRY_CRASH_H

#include <ttlog/read.h>

struct out;

/* An array of one exception: the C++ exception that was not caught, else the signal. */
void sentry_crash__exceptions(struct out *out, const struct ttlog_info *info);
/* An array of the threads whose stacks are known; that of the crashed one is the exception's. */
void sentry_crash__threads(struct out *out, const struct ttlog_info *info);
/* "x86_64"; NULL: no register tells. */
const char *sentry_crash__machine(const struct ttlog_crash *crash);

#endif /* TTLOG_VIEW_SENTRY_CRASH_H */
