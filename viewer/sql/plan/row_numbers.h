/* SPDX-License-Identifier: MIT */
/*
 * A number of each row, for those who come to rows in any order: one miss of the cache at most, and
 * none where the numbers are near a straight line, as what is counted up is.
 *
 * Rows lie in blocks. A block has a line that goes through its numbers, and of each row how far
 * above it the number is, in as few bytes as the block's farthest needs.
 */
#ifndef TTLOG_VIEW_ROW_NUMBERS_H
#define TTLOG_VIEW_ROW_NUMBERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define ROW_NUMBERS_BLOCK    128u
#define ROW_NUMBERS_MAX_ROWS (1u << 28)

/* The number of its row i is base + i * slope + rest, modulo 2^64. A rest of all ones: the row has
 * none. */
struct row_numbers_block {
	uint64_t base, slope;
	uint32_t at;    /* of the first rest */
	uint32_t bytes; /* of each, 0 to 8; 0: every row's is 0 */
};

struct row_numbers {
	struct row_numbers_block *blocks;
	unsigned char *rests;
	uint32_t row_cnt;
	size_t bytes;
};

/* `has`: a bit a row, from the lowest of the first byte on: whether it has a number. That it has none
 * may be said of one that has. Returns 0 or -ENOMEM; then ret is empty. */
int row_numbers__init(struct row_numbers *ret, const uint64_t *numbers, const uint8_t *has,
		      uint32_t row_cnt);
void row_numbers__fini(struct row_numbers *rows);
/* None of so many rows takes more. */
size_t row_numbers__max_bytes(uint64_t row_cnt);

/* False: the row, below row_cnt, has none here. */
static inline bool row_numbers__get(const struct row_numbers *rows, uint32_t row, uint64_t *ret)
{
	const struct row_numbers_block *block = &rows->blocks[row / ROW_NUMBERS_BLOCK];
	uint64_t i = row % ROW_NUMBERS_BLOCK, rest = 0;

	if (block->bytes) {
		const uint64_t none = UINT64_MAX >> (64 - 8 * block->bytes);

		memcpy(&rest, rows->rests + block->at + i * block->bytes, sizeof(rest));
		rest &= none;
		if (rest == none)
			return false;
	}
	*ret = block->base + i * block->slope + rest;
	return true;
}

#endif /* TTLOG_VIEW_ROW_NUMBERS_H */
