/* SPDX-License-Identifier: MIT */
/*
 * How often each of a few distinct numbers came. Their quantiles are exact, unlike a sketch's.
 *
 * 64-bit numbers are kept as they came, all signed or all unsigned. If other numbers come, all
 * become doubles. It is a hash table of at most DISTINCT_MAX numbers, 1 KiB, whose memory is taken
 * from a budget that many tables share.
 */
#ifndef TTLOG_VIEW_DISTINCT_H
#define TTLOG_VIEW_DISTINCT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define DISTINCT_MAX      48u
#define DISTINCT_MAX_BITS 6u /* of slots: at least a quarter is always free */

enum distinct_kind {
	DISTINCT_SIGNED,
	DISTINCT_UNSIGNED,
	DISTINCT_REAL, /* keys are the bits of doubles, -0 as 0 */
};

struct distinct_slot {
	uint64_t key;
	uint64_t times; /* 0: the slot is free */
};

/* All 0: empty. */
struct distinct {
	struct distinct_slot *slots;
	uint8_t cnt, bits; /* there are 2^bits slots */
	uint8_t kind;      /* enum distinct_kind */
};

static inline uint64_t distinct__real_key(double v)
{
	uint64_t bits;

	v += 0.0; /* -0 becomes 0 */
	memcpy(&bits, &v, sizeof(bits));
	return bits;
}

static inline struct distinct_slot *distinct__slot(const struct distinct *distinct, uint64_t key)
{
	const uint32_t mask = (1u << distinct->bits) - 1;
	uint32_t at = (uint32_t)(key * UINT64_C(0x9e3779b97f4a7c15) >> (64 - distinct->bits));

	while (distinct->slots[at].times && distinct->slots[at].key != key)
		at = (at + 1) & mask;
	return &distinct->slots[at];
}

/* Counts the number once more, if it is there; else false. */
static inline bool distinct__count(struct distinct *distinct, uint64_t key)
{
	struct distinct_slot *slot;

	if (!distinct->slots)
		return false;
	slot = distinct__slot(distinct, key);
	if (!slot->times)
		return false;
	slot->times++;
	return true;
}

/* Gives its memory back to *budget, if that is not NULL. */
void distinct__fini(struct distinct *distinct, size_t *budget);
/* Adds a number so many times, which may be 0. The number is of the table's kind; an empty table
 * takes this one. Returns 0, -ENOSPC: too many numbers, or -ENOMEM. */
int distinct__add(struct distinct *distinct, size_t *budget, enum distinct_kind kind, uint64_t key,
		  uint64_t times);
/* From now on all are doubles: integers are units of 1 / power. */
void distinct__make_real(struct distinct *distinct, double power);
/* All numbers, the least first. Returns how many. */
unsigned distinct__sorted(const struct distinct *distinct, struct distinct_slot ret[DISTINCT_MAX]);
/* The number as a double; integers are units of 1 / power. */
double distinct__value(const struct distinct *distinct, uint64_t key, double power);

#endif /* TTLOG_VIEW_DISTINCT_H */
