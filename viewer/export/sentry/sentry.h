/* SPDX-License-Identifier: MIT */
/*
 * Sentry's events: a line of JSON for each process that died or failed. The crash is its exception,
 * the last events are its breadcrumbs, the signature is its fingerprint. Keys are those of Relay's
 * event schema and of the SDKs' types (@sentry/core).
 */
#ifndef TTLOG_VIEW_SENTRY_H
#define TTLOG_VIEW_SENTRY_H

#include <stddef.h>

#include <ttlog/read.h>

struct options;
struct out;

/*
 * The breadcrumbs are the events that the options choose, of all files of the process. 0 or -errno.
 * ret_none: the first file of a process of which there is nothing to report; NULL: there is none.
 */
int sentry__show(const struct options *options, const struct ttlog_range *range,
		 struct ttlog_snapshot *const *readers, size_t reader_cnt, struct out *out,
		 const struct ttlog_snapshot **ret_none);

#endif /* TTLOG_VIEW_SENTRY_H */
