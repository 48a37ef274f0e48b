/* SPDX-License-Identifier: MIT */
/*
 * How often each of a few distinct numbers came: quantiles of those are exact, where a sketch's are
 * not.
 *
 * Numbers of 64 bits are kept as they came, all signed or all unsigned; those and others together as
 * doubles. A hash table of at most DISTINCT_MAX numbers, 1 KiB; its memory is taken from a budget
 * that many tables share.
 */
#ifndef TTLOG_VIEW_DISTINCT_H
#define TTLOG_VIEW_DISTINCT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define DISTINCT_MAX      48u
#define DISTINCT_MAX_BITS 6u /* of the slots' numbers: a quarter of the slots is always free */

enum distinct_kind {
	DISTINCT_SIGNED,
	DISTINCT_UNSIGNED,
	DISTINCT_REAL, /* keys are the bits of doubles, -0 as 0 */
};

struct distinct_slot {
	uint64_t key;
	uint64_t times; /* 0: the slot is free */
};

/* All zero is one that is empty. */
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

/* Once more, where the number is there; else false. */
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

/* Gives its memory back to *budget; a NULL budget ends with it. */
void distinct__fini(struct distinct *distinct, size_t *budget);
/* A number, so many times, 0 included, of the table's kind, which an empty one has of this call.
 * Returns 0, -ENOSPC where there are too many, or -ENOMEM. */
int distinct__add(struct distinct *distinct, size_t *budget, enum distinct_kind kind, uint64_t key,
		  uint64_t times);
/* Its whole numbers, times 10^-scale, as doubles from now on. */
void distinct__make_real(struct distinct *distinct, double power);
/* All of them, the least first. Returns how many. */
unsigned distinct__sorted(const struct distinct *distinct, struct distinct_slot ret[DISTINCT_MAX]);
/* As a double, times 10^-scale where it is a whole number. */
double distinct__value(const struct distinct *distinct, uint64_t key, double power);

#endif /* TTLOG_VIEW_DISTINCT_H */
