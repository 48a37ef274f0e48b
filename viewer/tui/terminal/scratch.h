/* SPDX-License-Identifier: MIT */
/* A text that is made to be drawn at once, in an `out` that is never written. */
#ifndef TTLOG_VIEW_SCRATCH_H
#define TTLOG_VIEW_SCRATCH_H

#include <stddef.h>

#include "out.h"

static inline struct out *scratch__begin(struct out *out)
{
	out->len = 0;
	out->err = 0;
	return out;
}

/* What was written after the first `start` bytes. */
static inline struct ttlog_text scratch__from(const struct out *out, size_t start)
{
	return (struct ttlog_text){ out->buf + start, out->len - start };
}

#endif /* TTLOG_VIEW_SCRATCH_H */
