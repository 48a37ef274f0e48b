/* SPDX-License-Identifier: MIT */
/*
 * How often each value of a field occurs, as long as there are not too many: names, states and
 * reasons, not ids.
 */
#ifndef TTLOG_VIEW_VALUE_COUNTS_H
#define TTLOG_VIEW_VALUE_COUNTS_H

#include <ttlog/read.h>

#define VALUE_COUNTS_MAX       1024u
#define VALUE_COUNTS_MAX_BYTES 256u /* of a value: longer ones that begin alike are one */

struct value_count {
	char *p;
	size_t len;
	uint64_t hash, cnt; /* cnt 0: the slot is free */
};

/* All zero is empty. */
struct value_counts {
	struct value_count *slots;
	uint32_t cap, different;
	uint64_t cnt, null_cnt; /* cnt: with the nulls */
	bool too_many;          /* too many values, or no memory: nothing is known */
};

void value_counts__fini(struct value_counts *counts);
/* Adds values of a column of text, bytes, chars or bools: `cnt` rows, or the first ones if rows is
 * NULL. Takes memory from *budget. */
void value_counts__column(struct value_counts *counts, size_t *budget,
			  const struct ttlog_column *column, const uint32_t *rows, uint32_t cnt);
/* How often the value occurs. */
uint64_t value_counts__of(const struct value_counts *counts, struct ttlog_text value);
/* Whether values of a type are counted. */
bool value_counts__takes(uint8_t type);

#endif /* TTLOG_VIEW_VALUE_COUNTS_H */
