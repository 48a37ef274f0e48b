/* SPDX-License-Identifier: MIT */
/*
 * One column of a chunk, from its encoding to plain arrays: FORMAT.md section 5.
 */
#ifndef TTLOG_VIEW_UNPACK_H
#define TTLOG_VIEW_UNPACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arena.h"
#include "event.h"
#include "token.h"

struct unpacked_text {
	struct text text;
	bool null, cut;
};

/*
 * Element i of an array is [i & its mask]: the mask is 0 where one value stands for all.
 * Text points into the chunk's content.
 */
struct unpacked {
	uint8_t type; /* enum ttlog_type; NONE for the chunk's own integers */
	size_t mask, scale_mask, index_mask;
	const uint64_t *nums;   /* all but f32, f64, str, bytes */
	const double *reals;    /* f32, f64 */
	const uint64_t *scales; /* decimal; f32, f64 without `reals`: nums / 10^scales[0] */
	const struct unpacked_text *texts; /* str, bytes */
	uint32_t text_cnt;
	const uint64_t *index; /* str, bytes: into texts; NULL: element i is texts[i & mask] */
};

/*
 * Decodes the column that starts at `in`, which must have n elements (1 or more).
 * Memory comes from the arena, at most some 32 bytes an element.
 * Returns 0, -EBADMSG or -ENOMEM.
 */
int unpack__column(struct arena *arena, struct token_in *in, uint8_t type, size_t n,
		   struct unpacked *ret);

/* Whether one value stands for all. */
static inline bool unpacked__is_const(const struct unpacked *column)
{
	return column->index ? !column->index_mask : !column->mask && !column->scale_mask;
}

/* Element i of a field's column. */
void unpacked__field(const struct unpacked *column, size_t i, struct event_field *ret);

#endif /* TTLOG_VIEW_UNPACK_H */
