/* SPDX-License-Identifier: MIT */
/*
 * Finds rows by their keys, which are numbers. Any number of rows may have the same key.
 *
 * A look-up costs little but its cache misses, and those may cost more than all that SQLite does
 * for it. So five keys and their rows lie together on a cache line. Keys that are counted up, as
 * requests and orders are, have their rows near a straight line: for each of these one byte is
 * kept, its distance from that line, and a million of them stay in the cache. Rows of the same key
 * are linked, the first one first.
 *
 * A hostile file chooses its keys. It does not know the seed that chooses the lines, so they
 * collide no more than by chance; and the same key again costs what any other row does.
 */
#ifndef TTLOG_VIEW_KEY_INDEX_H
#define TTLOG_VIEW_KEY_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hash.h"

#define KEY_INDEX_LINE_KEYS  5
#define KEY_INDEX_MORE       (1u << 31) /* in a link: another row follows */
#define KEY_INDEX_BLOCK_KEYS 64u
#define KEY_INDEX_FAR        0xffu /* the key is on a line, if it is there at all */
#define KEY_INDEX_NEAR_MORE  0x80u

/* A link is a row's number plus 1, and a bit: whether another row follows. 0: none. */
struct key_index_line {
	uint64_t keys[KEY_INDEX_LINE_KEYS];
	uint32_t links[KEY_INDEX_LINE_KEYS]; /* the used ones come first; 0: unused */
	uint32_t unused;
};
_Static_assert(sizeof(struct key_index_line) == 64, "a line of the cache");

/* Where the rows of a block of keys are: base, and slope / 256 more from one key to the next. */
struct key_index_guess {
	uint32_t base, slope;
};

struct key_index {
	struct key_index_line *lines;
	uint64_t line_cnt, seed;
	uint8_t *near; /* by key, from `least` on: 0: none; FAR; else the link less its guess */
	struct key_index_guess *guesses;
	uint64_t least, span; /* 0: no key is near */
	uint32_t *behind;     /* by row: the link to the next of the same key */
	uint32_t row_cnt, key_cnt, line_key_cnt;
	size_t bytes;
};

/* The `rows` have the `keys`; each is below row_limit and occurs once. Rows of the same key are
 * found in this order. Returns 0 or -ENOMEM; then ret is empty. */
int key_index__init(struct key_index *ret, const uint64_t *keys, const uint32_t *rows, uint32_t cnt,
		    uint32_t row_limit);
void key_index__fini(struct key_index *index);
/* An upper bound for any index of so many rows. */
size_t key_index__max_bytes(uint64_t row_cnt, uint64_t row_limit);

static inline uint32_t key_index__guess(const struct key_index_guess *guesses, uint64_t at)
{
	const struct key_index_guess *guess = &guesses[at / KEY_INDEX_BLOCK_KEYS];

	return guess->base + (uint32_t)(at % KEY_INDEX_BLOCK_KEYS * guess->slope >> 8);
}

static inline uint64_t key_index__line(const struct key_index *index, uint64_t key)
{
	return (hash__mix(index->seed, key) >> 32) * index->line_cnt >> 32;
}

/* The link to the key's first row. */
static inline uint32_t key_index__find(const struct key_index *index, uint64_t key)
{
	uint64_t at = key - index->least;

	if (at < index->span && index->near[at] != KEY_INDEX_FAR) {
		uint32_t near = index->near[at], more = near & KEY_INDEX_NEAR_MORE;

		return near ? (key_index__guess(index->guesses, at) + (near - more)) | more << 24
			    : 0;
	}
	for (uint64_t i = key_index__line(index, key);; i = i + 1 < index->line_cnt ? i + 1 : 0) {
		const struct key_index_line *line = &index->lines[i];

		for (int k = 0; k < KEY_INDEX_LINE_KEYS; k++) {
			if (!line->links[k] || line->keys[k] == key)
				return line->links[k];
		}
	}
}

static inline uint32_t key_index__row(uint32_t link)
{
	return (link & ~KEY_INDEX_MORE) - 1;
}

static inline uint32_t key_index__next(const struct key_index *index, uint32_t link)
{
	return link & KEY_INDEX_MORE ? index->behind[key_index__row(link)] : 0;
}

#endif /* TTLOG_VIEW_KEY_INDEX_H */
