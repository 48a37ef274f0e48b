/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "key_index.h"

/* So full, one look-up in ten needs a second line. */
#define FULL_PERCENT 70u
/* Keys are near if they span at most this many times their number. */
#define CLOSE        4u
/* The codes of near keys are 1 to 126. The guessed line goes through this one. */
#define NEAR_MIDDLE  63u
#define NEAR_MAX     126u
/* A line is prefetched so many rows before it is needed. */
#define AHEAD        16u

static uint64_t lines_for(uint64_t keys)
{
	return keys * 100 / (FULL_PERCENT * KEY_INDEX_LINE_KEYS) + 1;
}

static uint64_t blocks_for(uint64_t span)
{
	return span / KEY_INDEX_BLOCK_KEYS + 1;
}

static size_t near_bytes(uint64_t span)
{
	return span + blocks_for(span) * sizeof(struct key_index_guess);
}

size_t key_index__max_bytes(uint64_t row_cnt, uint64_t row_limit)
{
	/* Near keys take less than their lines do. */
	return (lines_for(row_cnt) + 1) * sizeof(struct key_index_line) +
	       (row_limit + 1) * sizeof(uint32_t);
}

/* ---- Lines ---- */

static int make_lines(struct key_index *index, uint64_t keys)
{
	size_t bytes;

	index->line_cnt = lines_for(keys);
	bytes = index->line_cnt * sizeof(*index->lines);
	index->lines = aligned_alloc(sizeof(*index->lines), bytes);
	if (!index->lines)
		return -ENOMEM;
	memset(index->lines, 0, bytes);
	index->seed = hash__new_secret();
	return 0;
}

/* Where the key's link is on its line, or is to go. */
static uint32_t *on_line(struct key_index *index, uint64_t key)
{
	for (uint64_t i = key_index__line(index, key);; i = i + 1 < index->line_cnt ? i + 1 : 0) {
		struct key_index_line *line = &index->lines[i];

		for (int k = 0; k < KEY_INDEX_LINE_KEYS; k++) {
			if (line->links[k] && line->keys[k] != key)
				continue;
			line->keys[k] = key;
			return &line->links[k];
		}
	}
}

/* The row comes before those that the link leads to. */
static void put(struct key_index *index, uint32_t *link, uint32_t row)
{
	index->key_cnt += !*link;
	if (*link)
		index->behind[row] = *link;
	*link = (row + 1) | (*link ? KEY_INDEX_MORE : 0);
}

/* If many rows share few keys, few lines are made: they stay in the cache. */
static int shrink(struct key_index *index)
{
	struct key_index few = *index;

	if (index->key_cnt > index->row_cnt / 2)
		return 0;
	if (make_lines(&few, index->key_cnt))
		return -ENOMEM;
	for (uint64_t i = 0; i < index->line_cnt; i++) {
		const struct key_index_line *line = &index->lines[i];

		for (int k = 0; k < KEY_INDEX_LINE_KEYS && line->links[k]; k++)
			*on_line(&few, line->keys[k]) = line->links[k];
	}
	free(index->lines);
	*index = few;
	return 0;
}

static int put_on_lines(struct key_index *index, const uint64_t *keys, const uint32_t *rows)
{
	if (make_lines(index, index->row_cnt))
		return -ENOMEM;
	for (uint32_t i = index->row_cnt; i--;) {
		if (i >= AHEAD)
			__builtin_prefetch(&index->lines[key_index__line(index, keys[i - AHEAD])],
					   1);
		put(index, on_line(index, keys[i]), rows[i]);
	}
	index->line_key_cnt = index->key_cnt;
	return shrink(index);
}

/* ---- Keys that are counted up ---- */

static bool is_close(struct key_index *index, const uint64_t *keys)
{
	int64_t least = INT64_MAX, greatest = INT64_MIN;

	for (uint32_t i = 0; i < index->row_cnt; i++) {
		int64_t key = (int64_t)keys[i];

		least = key < least ? key : least;
		greatest = key > greatest ? key : greatest;
	}
	if (!index->row_cnt ||
	    (uint64_t)greatest - (uint64_t)least >= (uint64_t)index->row_cnt * CLOSE)
		return false;
	index->least = (uint64_t)least;
	index->span = (uint64_t)greatest - (uint64_t)least + 1;
	return true;
}

/* Through the first and the last row of the block. */
static struct key_index_guess guess(const uint32_t *links, unsigned cnt)
{
	unsigned first = 0, last = cnt - 1;
	uint64_t from, to, slope;

	while (first < last && !links[first])
		first++;
	while (last > first && !links[last])
		last--;
	from = links[first] & ~KEY_INDEX_MORE;
	to = links[last] & ~KEY_INDEX_MORE;
	slope = last > first && to > from ? ((to - from) << 8) / (last - first) : 0;
	if (slope > UINT32_MAX)
		slope = 0;
	return (struct key_index_guess){
		.base = (uint32_t)(from - NEAR_MIDDLE - (first * slope >> 8)),
		.slope = (uint32_t)slope,
	};
}

/* Returns how many of the keys are far. */
static uint32_t make_codes(struct key_index *index, const uint32_t *links)
{
	uint32_t far_cnt = 0;

	for (uint64_t at = 0; at < index->span; at++) {
		uint32_t off;

		if (!(at % KEY_INDEX_BLOCK_KEYS)) {
			uint64_t left = index->span - at;

			index->guesses[at / KEY_INDEX_BLOCK_KEYS] = guess(
				links + at, left < KEY_INDEX_BLOCK_KEYS ? (unsigned)left
									: KEY_INDEX_BLOCK_KEYS);
		}
		if (!links[at])
			continue;
		off = (links[at] & ~KEY_INDEX_MORE) - key_index__guess(index->guesses, at);
		if (off - 1 >= NEAR_MAX) {
			index->near[at] = KEY_INDEX_FAR;
			far_cnt++;
		} else {
			index->near[at] = (uint8_t)(off | (links[at] >> 24 & KEY_INDEX_NEAR_MORE));
		}
	}
	return far_cnt;
}

static void forget_near(struct key_index *index)
{
	free(index->near);
	free(index->guesses);
	index->near = NULL;
	index->guesses = NULL;
	index->span = 0;
}

/* The far ones. If they are many, all keys go on lines, and the bytes are dropped. */
static int put_far(struct key_index *index, const uint32_t *links)
{
	uint64_t least = index->least, span = index->span;
	uint32_t far_cnt = make_codes(index, links);
	bool is_all = far_cnt > index->key_cnt / 4;

	index->line_key_cnt = is_all ? index->key_cnt : far_cnt;
	if (make_lines(index, index->line_key_cnt))
		return -ENOMEM;
	for (uint64_t at = 0; at < span; at++) {
		if (links[at] && (is_all || index->near[at] == KEY_INDEX_FAR))
			*on_line(index, least + at) = links[at];
	}
	if (is_all)
		forget_near(index);
	return 0;
}

static int put_near(struct key_index *index, const uint64_t *keys, const uint32_t *rows)
{
	uint32_t *links = calloc(index->span, sizeof(*links));
	int err = links ? 0 : -ENOMEM;

	index->near = calloc(index->span, 1);
	index->guesses = calloc(blocks_for(index->span), sizeof(*index->guesses));
	if (!index->near || !index->guesses)
		err = -ENOMEM;
	for (uint32_t i = index->row_cnt; i-- && !err;)
		put(index, &links[keys[i] - index->least], rows[i]);
	if (!err)
		err = put_far(index, links);
	free(links);
	return err;
}

/* ---- All of it ---- */

int key_index__init(struct key_index *ret, const uint64_t *keys, const uint32_t *rows, uint32_t cnt,
		    uint32_t row_limit)
{
	struct key_index index = { .row_cnt = cnt };
	int err;

	/* calloc: pages of rows that link to no other are never touched. */
	index.behind = calloc((size_t)row_limit + 1, sizeof(*index.behind));
	if (!index.behind)
		err = -ENOMEM;
	else
		err = is_close(&index, keys) ? put_near(&index, keys, rows)
					     : put_on_lines(&index, keys, rows);
	index.bytes = index.line_cnt * sizeof(*index.lines) +
		      (index.span ? near_bytes(index.span) : 0) +
		      ((size_t)row_limit + 1) * sizeof(*index.behind);
	if (err)
		key_index__fini(&index);
	*ret = index;
	return err;
}

void key_index__fini(struct key_index *index)
{
	free(index->lines);
	free(index->near);
	free(index->guesses);
	free(index->behind);
	*index = (struct key_index){ .lines = NULL };
}
