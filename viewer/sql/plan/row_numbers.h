/* SPDX-License-Identifier: MIT */
/*
 * A number for each row, read in any order: one cache miss at most, and none if the numbers are
 * near a straight line, as numbers that are counted up are.
 *
 * Rows lie in blocks. A block has a line through its numbers, and for each row the distance of its
 * number above the line, in as few bytes as the block's farthest number needs.
 */
#ifndef TTLOG_VIEW_ROW_NUMBERS_H
#define TTLOG_VIEW_ROW_NUMBERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define ROW_NUMBERS_BLOCK    128u
#define ROW_NUMBERS_MAX_ROWS (1u << 28)

/* Row i of the block has the number base + i * slope + rest, modulo 2^64. A rest of all ones: the
 * row has no number. */
struct row_numbers_block {
	uint64_t base, slope;
	uint32_t at;    /* where the first rest is */
	uint32_t bytes; /* of each rest, 0 to 8; 0: all are 0 */
};

struct row_numbers {
	struct row_numbers_block *blocks;
	unsigned char *rests;
	uint32_t row_cnt;
	size_t bytes;
};

/* `has`: a bit for each row, the lowest of the first byte first: whether it has a number. A row
 * that has one may be stored as if it had none. Returns 0 or -ENOMEM; then ret is empty. */
int row_numbers__init(struct row_numbers *ret, const uint64_t *numbers, const uint8_t *has,
		      uint32_t row_cnt);
void row_numbers__fini(struct row_numbers *rows);
/* An upper bound for any of so many rows. */
size_t row_numbers__max_bytes(uint64_t row_cnt);

/* False: the row has no number here. `row` must be below row_cnt. */
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
