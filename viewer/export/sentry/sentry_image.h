/* SPDX-License-Identifier: MIT */
/* Addresses and ids of files, as Sentry has them. */
#ifndef TTLOG_VIEW_SENTRY_IMAGE_H
#define TTLOG_VIEW_SENTRY_IMAGE_H

#include <ttlog/read.h>

struct out;

/* Where the file of a frame begins in memory. The linker gives code the same distance from there
 * in memory as in the file (lld may not, and then Sentry finds other lines). */
bool sentry_image__base(const struct ttlog_frame *frame, uint64_t *ret);
/* The debug id of a build id: its first 16 bytes as a GUID in the byte order of Windows. Whether it
 * is a build id. */
#define SENTRY_DEBUG_ID_BYTES 36u
bool sentry_image__debug_id(struct ttlog_text build_id, char ret[SENTRY_DEBUG_ID_BYTES]);

/* An array of all files that were mapped or have a frame. 0 or -ENOMEM. */
int sentry_image__each(struct out *out, const struct ttlog_info *info, const char *machine);

#endif /* TTLOG_VIEW_SENTRY_IMAGE_H */
