/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>

#include "distinct.h"

#define FIRST_BITS 2u
#define GROW_BITS  2u /* each time it is full: to 16, to 64 */

static size_t bytes_of(unsigned bits)
{
	return sizeof(struct distinct_slot) << bits;
}

void distinct__fini(struct distinct *distinct, size_t *budget)
{
	if (distinct->slots && budget)
		*budget += bytes_of(distinct->bits);
	free(distinct->slots);
	*distinct = (struct distinct){ .slots = NULL };
}

static bool is_full(const struct distinct *distinct)
{
	return !distinct->slots || distinct->cnt == 3u << distinct->bits >> 2;
}

static int grow(struct distinct *distinct, size_t *budget)
{
	const unsigned bits = distinct->slots ? distinct->bits + GROW_BITS : FIRST_BITS;
	struct distinct grown = *distinct;

	if (bits > DISTINCT_MAX_BITS)
		return -ENOSPC;
	if (bytes_of(bits) > *budget)
		return -ENOMEM;
	grown.slots = calloc(1, bytes_of(bits));
	if (!grown.slots)
		return -ENOMEM;
	grown.bits = (uint8_t)bits;
	*budget -= bytes_of(bits);
	for (unsigned i = 0; distinct->slots && i < 1u << distinct->bits; i++) {
		if (distinct->slots[i].times)
			*distinct__slot(&grown, distinct->slots[i].key) = distinct->slots[i];
	}
	distinct__fini(distinct, budget);
	*distinct = grown;
	return 0;
}

int distinct__add(struct distinct *distinct, size_t *budget, enum distinct_kind kind, uint64_t key,
		  uint64_t times)
{
	struct distinct_slot *slot = distinct->slots ? distinct__slot(distinct, key) : NULL;

	if (!times)
		return 0;
	if (!slot || !slot->times) {
		int err = is_full(distinct) ? grow(distinct, budget) : 0;

		if (err)
			return err;
		if (!distinct->cnt++)
			distinct->kind = (uint8_t)kind;
		slot = distinct__slot(distinct, key);
		slot->key = key;
	}
	slot->times += times;
	return 0;
}

double distinct__value(const struct distinct *distinct, uint64_t key, double power)
{
	double v;

	switch ((enum distinct_kind)distinct->kind) {
	case DISTINCT_SIGNED:
		return (double)(int64_t)key / power;
	case DISTINCT_UNSIGNED:
		return (double)key / power;
	case DISTINCT_REAL:
		break;
	}
	memcpy(&v, &key, sizeof(v));
	return v;
}

void distinct__make_real(struct distinct *distinct, double power)
{
	struct distinct_slot slots[DISTINCT_MAX];
	const unsigned cnt = distinct__sorted(distinct, slots);
	struct distinct real = { .slots = distinct->slots,
				 .bits = distinct->bits,
				 .kind = DISTINCT_REAL };

	if (distinct->kind == DISTINCT_REAL)
		return;
	if (distinct->slots)
		memset(distinct->slots, 0, bytes_of(distinct->bits));
	for (unsigned i = 0; i < cnt; i++) {
		uint64_t key = distinct__real_key(distinct__value(distinct, slots[i].key, power));
		struct distinct_slot *slot = distinct__slot(&real, key);

		/* two large integers may be the same double */
		real.cnt = (uint8_t)(real.cnt + !slot->times);
		slot->key = key;
		slot->times += slots[i].times;
	}
	*distinct = real;
}

static int compare_signed(const void *a, const void *b)
{
	const int64_t x = (int64_t)((const struct distinct_slot *)a)->key;
	const int64_t y = (int64_t)((const struct distinct_slot *)b)->key;

	return (x > y) - (x < y);
}

static int compare_unsigned(const void *a, const void *b)
{
	const uint64_t x = ((const struct distinct_slot *)a)->key;
	const uint64_t y = ((const struct distinct_slot *)b)->key;

	return (x > y) - (x < y);
}

static int compare_real(const void *a, const void *b)
{
	double x, y;

	memcpy(&x, &((const struct distinct_slot *)a)->key, sizeof(x));
	memcpy(&y, &((const struct distinct_slot *)b)->key, sizeof(y));
	return (x > y) - (x < y);
}

unsigned distinct__sorted(const struct distinct *distinct, struct distinct_slot ret[DISTINCT_MAX])
{
	static int (*const COMPARE[])(const void *, const void *) = {
		[DISTINCT_SIGNED] = compare_signed,
		[DISTINCT_UNSIGNED] = compare_unsigned,
		[DISTINCT_REAL] = compare_real,
	};
	unsigned cnt = 0;

	for (unsigned i = 0; distinct->slots && i < 1u << distinct->bits; i++) {
		if (distinct->slots[i].times)
			ret[cnt++] = distinct->slots[i];
	}
	if (cnt)
		qsort(ret, cnt, sizeof(*ret), COMPARE[distinct->kind]);
	return cnt;
}
