/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "hash.h"
#include "value_counts.h"

bool value_counts__takes(uint8_t type)
{
	return type == TTLOG_TYPE_STR || type == TTLOG_TYPE_BYTES || type == TTLOG_TYPE_CHAR ||
	       type == TTLOG_TYPE_BOOL;
}

static void forget(struct value_counts *counts)
{
	for (uint32_t i = 0; i < counts->cap; i++)
		free(counts->slots[i].p);
	free(counts->slots);
	counts->slots = NULL;
	counts->cap = counts->different = 0;
}

void value_counts__fini(struct value_counts *counts)
{
	forget(counts);
	*counts = (struct value_counts){ .cnt = 0 };
}

/* The value's slot, or the free one for it. One slot is always free. */
static struct value_count *find(const struct value_counts *counts, struct ttlog_text value,
				uint64_t hash)
{
	for (uint64_t at = hash;; at++) {
		struct value_count *slot = &counts->slots[at & (counts->cap - 1)];

		if (!slot->cnt || (slot->hash == hash && slot->len == value.len &&
				   (!value.len || !memcmp(slot->p, value.p, value.len))))
			return slot;
	}
}

static bool grow(struct value_counts *counts, size_t *budget)
{
	uint32_t cap = counts->cap ? counts->cap * 4 : 16;
	struct value_counts grown = { .cap = cap };
	size_t bytes = (cap - counts->cap) * sizeof(*grown.slots);

	if (bytes > *budget)
		return false;
	grown.slots = calloc(cap, sizeof(*grown.slots));
	if (!grown.slots)
		return false;
	*budget -= bytes;
	for (uint32_t i = 0; i < counts->cap; i++) {
		const struct value_count *slot = &counts->slots[i];

		if (slot->cnt)
			*find(&grown, (struct ttlog_text){ slot->p, slot->len }, slot->hash) =
				*slot;
	}
	free(counts->slots);
	counts->slots = grown.slots;
	counts->cap = cap;
	return true;
}

static bool keep(struct value_counts *counts, size_t *budget, struct value_count *slot,
		 struct ttlog_text value, uint64_t hash)
{
	if (counts->different == VALUE_COUNTS_MAX || value.len > *budget)
		return false;
	slot->p = malloc(value.len + 1);
	if (!slot->p)
		return false;
	if (value.len)
		memcpy(slot->p, value.p, value.len);
	*budget -= value.len;
	slot->len = value.len;
	slot->hash = hash;
	counts->different++;
	return true;
}

static void add(struct value_counts *counts, size_t *budget, struct ttlog_text value,
		uint64_t times)
{
	struct value_count *slot;
	uint64_t hash;

	if (value.len > VALUE_COUNTS_MAX_BYTES)
		value.len = VALUE_COUNTS_MAX_BYTES;
	hash = hash__bytes(0, value.p, value.len);
	if (counts->different * 2 >= counts->cap && !grow(counts, budget))
		goto too_many;
	slot = find(counts, value, hash);
	if (!slot->cnt && !keep(counts, budget, slot, value, hash))
		goto too_many;
	slot->cnt += times;
	return;

too_many:
	forget(counts);
	counts->too_many = true;
}

static void add_text(struct value_counts *counts, size_t *budget,
		     const struct ttlog_column_text *text, uint64_t times)
{
	if (text->null)
		counts->null_cnt += times;
	else if (!counts->too_many)
		add(counts, budget, text->text, times);
}

/* Counts the values of a dictionary by their numbers. */
static void add_indexed(struct value_counts *counts, size_t *budget,
			const struct ttlog_column *column, const uint32_t *rows, uint32_t cnt)
{
	static uint32_t times[TTLOG_CHUNK_MAX_EVENTS];

	memset(times, 0, column->text_cnt * sizeof(*times));
	for (uint32_t i = 0; i < cnt; i++)
		times[column->index[(rows ? rows[i] : i) & column->index_mask]]++;
	for (uint32_t i = 0; i < column->text_cnt; i++) {
		if (times[i])
			add_text(counts, budget, &column->texts[i], times[i]);
	}
}

static void add_bytes(struct value_counts *counts, size_t *budget,
		      const struct ttlog_column *column, const uint32_t *rows, uint32_t cnt)
{
	uint32_t times[256] = { 0 };

	for (uint32_t i = 0; i < cnt; i++) {
		const uint32_t row = rows ? rows[i] : i;

		if (ttlog_column_is_null(column, row))
			counts->null_cnt++;
		else
			times[column->nums[row & column->mask] & 0xff]++;
	}
	for (unsigned i = 0; i < 256; i++) {
		char c = (char)i;
		struct ttlog_text text = { &c, 1 };

		if (column->type == TTLOG_TYPE_BOOL)
			text = ttlog_text_of(i ? "true" : "false");
		if (times[i] && !counts->too_many)
			add(counts, budget, text, times[i]);
	}
}

void value_counts__column(struct value_counts *counts, size_t *budget,
			  const struct ttlog_column *column, const uint32_t *rows, uint32_t cnt)
{
	counts->cnt += cnt;
	if (counts->too_many || !cnt)
		return;
	if (column->nums) {
		add_bytes(counts, budget, column, rows, cnt);
	} else if (ttlog_column_is_const(column)) {
		add_text(counts, budget, &column->texts[column->index ? column->index[0] : 0], cnt);
	} else if (column->index && column->text_cnt <= TTLOG_CHUNK_MAX_EVENTS) {
		add_indexed(counts, budget, column, rows, cnt);
	} else {
		for (uint32_t i = 0; i < cnt && !counts->too_many; i++) {
			size_t at = rows ? rows[i] : i;

			at = column->index ? column->index[at & column->index_mask]
					   : at & column->mask;
			add_text(counts, budget, &column->texts[at], 1);
		}
	}
}

uint64_t value_counts__of(const struct value_counts *counts, struct ttlog_text value)
{
	if (!counts->cap)
		return 0;
	return find(counts, value, hash__bytes(0, value.p, value.len))->cnt;
}
