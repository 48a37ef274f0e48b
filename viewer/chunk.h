/* SPDX-License-Identifier: MIT */
/*
 * A chunk of events: FORMAT.md section 4.
 *
 * Sites, times and threads are decoded when the chunk is loaded; a field's column when someone
 * first asks for it. Everything lies in the chunk's arena and goes with the next chunk.
 */
#ifndef TTLOG_VIEW_CHUNK_H
#define TTLOG_VIEW_CHUNK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arena.h"
#include "token.h"

struct header;
struct unpacked;

/* The events of one site. */
struct chunk_group {
	uint32_t site;
	uint32_t cnt;
	struct token_in fields;    /* the columns, one after the other */
	struct unpacked **columns; /* one a field of the site; NULL: not decoded yet */
	bool *tried;               /* one a field: decoded, or known to be bad */
};

struct chunk {
	struct arena arena;
	uint32_t n;
	uint64_t first_ns, last_ns;
	struct chunk_group *groups;
	uint32_t group_cnt;
	struct token_in site, time, thread, fields; /* the columns as they stand */

	/* chunk__load: n elements each, in the order of time */
	uint64_t *mono_ns;
	uint32_t *group_of; /* this and the next: NULL where there is but one group */
	uint32_t *row_of;   /* which of its group's events it is */
	const uint64_t *threads;
	size_t thread_mask;
};

/* Reads the keys and checks the counts. Returns 0, -EBADMSG with a reason in words, or -ENOMEM. */
int chunk__parse(struct chunk *chunk, const unsigned char *data, size_t len, const char **ret_why);

/* After chunk__parse: who, when and in which order. The content must stay where it is. */
int chunk__load(struct chunk *chunk, const struct header *header, const char **ret_why);

static inline uint32_t chunk__group(const struct chunk *chunk, uint32_t i)
{
	return chunk->group_of ? chunk->group_of[i] : 0;
}

static inline uint32_t chunk__row(const struct chunk *chunk, uint32_t i)
{
	return chunk->row_of ? chunk->row_of[i] : i;
}

static inline uint32_t chunk__thread(const struct chunk *chunk, uint32_t i)
{
	return (uint32_t)chunk->threads[i & chunk->thread_mask];
}

/* The column of a field, decoded if it was not yet. NULL where it is not valid; ret_new says
 * whether that was found out just now. */
const struct unpacked *chunk__column(struct chunk *chunk, const struct header *header,
				     uint32_t group, unsigned field, bool *ret_new);

void chunk__fini(struct chunk *chunk);

#endif /* TTLOG_VIEW_CHUNK_H */
