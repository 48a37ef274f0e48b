/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>

#include "row_numbers.h"

/* Shared by all blocks in which no row has a number. 8 bytes, because the last rest is read as
 * 8. */
#define NONE_BYTES (ROW_NUMBERS_BLOCK + sizeof(uint64_t))

static uint64_t blocks_for(uint64_t rows)
{
	return rows / ROW_NUMBERS_BLOCK + 1;
}

size_t row_numbers__max_bytes(uint64_t row_cnt)
{
	return blocks_for(row_cnt) *
		       (sizeof(struct row_numbers_block) + ROW_NUMBERS_BLOCK * sizeof(uint64_t)) +
	       2 * NONE_BYTES;
}

/* ---- A block ---- */

struct span {
	const uint64_t *numbers;
	const uint8_t *has;
	unsigned cnt, first, last; /* of rows that have a number; first is cnt if none has */
	bool is_whole;
};

static bool has_number(const struct span *span, unsigned i)
{
	return span->has[i / 8] >> (i % 8) & 1;
}

static struct span span_of(const uint64_t *numbers, const uint8_t *has, uint32_t row_cnt,
			   uint64_t block)
{
	uint64_t from = block * ROW_NUMBERS_BLOCK, left = row_cnt - from;
	struct span span = {
		.numbers = numbers + from,
		.has = has + from / 8,
		.cnt = left < ROW_NUMBERS_BLOCK ? (unsigned)left : ROW_NUMBERS_BLOCK,
		.is_whole = true,
	};

	span.first = span.cnt;
	for (unsigned i = 0; i < span.cnt; i++) {
		if (!has_number(&span, i)) {
			span.is_whole = false;
			continue;
		}
		span.first = span.first == span.cnt ? i : span.first;
		span.last = i;
	}
	return span;
}

static unsigned bytes_for(uint64_t range, bool is_whole)
{
	unsigned bytes = 1;

	if (!range && is_whole)
		return 0;
	while (bytes < 8 && range >= UINT64_MAX >> (64 - 8 * bytes))
		bytes++;
	return bytes;
}

/* At least one row has a number. */
static void fit_slope(const struct span *span, uint64_t slope, struct row_numbers_block *ret)
{
	uint64_t start = span->numbers[span->first] - span->first * slope;
	int64_t least = 0, greatest = 0;

	for (unsigned i = span->first; i <= span->last; i++) {
		int64_t off = (int64_t)(span->numbers[i] - start - i * slope);

		if (!has_number(span, i))
			continue;
		least = off < least ? off : least;
		greatest = off > greatest ? off : greatest;
	}
	ret->base = start + (uint64_t)least;
	ret->slope = slope;
	ret->bytes = bytes_for((uint64_t)greatest - (uint64_t)least, span->is_whole);
}

/* The line goes through the first and the last number, or is level: whichever is nearer to all
 * numbers. */
static void fit(const struct span *span, struct row_numbers_block *ret)
{
	struct row_numbers_block sloped;

	if (span->first == span->cnt) {
		*ret = (struct row_numbers_block){ .bytes = 1 };
		return;
	}
	fit_slope(span, 0, ret);
	if (span->first == span->last)
		return;
	fit_slope(span,
		  (uint64_t)((int64_t)(span->numbers[span->last] - span->numbers[span->first]) /
			     (int64_t)(span->last - span->first)),
		  &sloped);
	if (sloped.bytes < ret->bytes)
		*ret = sloped;
}

static void write_rests(const struct span *span, const struct row_numbers_block *block,
			unsigned char *rests)
{
	for (unsigned i = 0; i < span->cnt; i++) {
		uint64_t rest = has_number(span, i)
					? span->numbers[i] - block->base - i * block->slope
					: UINT64_MAX;

		memcpy(rests + (size_t)i * block->bytes, &rest, block->bytes);
	}
}

/* ---- All of them ---- */

static int alloc_rests(struct row_numbers *rows, size_t bytes)
{
	rows->rests = malloc(bytes + sizeof(uint64_t));
	if (!rows->rests)
		return -ENOMEM;
	memset(rows->rests, 0xff, NONE_BYTES);
	memset(rows->rests + bytes, 0, sizeof(uint64_t));
	rows->bytes = blocks_for(rows->row_cnt) * sizeof(*rows->blocks) + bytes + sizeof(uint64_t);
	return 0;
}

int row_numbers__init(struct row_numbers *ret, const uint64_t *numbers, const uint8_t *has,
		      uint32_t row_cnt)
{
	struct row_numbers rows = { .row_cnt = row_cnt };
	size_t bytes = NONE_BYTES;

	rows.blocks = calloc(blocks_for(row_cnt), sizeof(*rows.blocks));
	for (uint64_t b = 0; rows.blocks && b * ROW_NUMBERS_BLOCK < row_cnt; b++) {
		struct span span = span_of(numbers, has, row_cnt, b);

		fit(&span, &rows.blocks[b]);
		if (span.first == span.cnt)
			continue;
		rows.blocks[b].at = (uint32_t)bytes;
		bytes += (size_t)span.cnt * rows.blocks[b].bytes;
	}
	if (!rows.blocks || alloc_rests(&rows, bytes)) {
		row_numbers__fini(&rows);
		*ret = rows;
		return -ENOMEM;
	}
	for (uint64_t b = 0; b * ROW_NUMBERS_BLOCK < row_cnt; b++) {
		struct span span = span_of(numbers, has, row_cnt, b);

		if (rows.blocks[b].at)
			write_rests(&span, &rows.blocks[b], rows.rests + rows.blocks[b].at);
	}
	*ret = rows;
	return 0;
}

void row_numbers__fini(struct row_numbers *rows)
{
	free(rows->blocks);
	free(rows->rests);
	*rows = (struct row_numbers){ .blocks = NULL };
}
