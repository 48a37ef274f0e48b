/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "order.h"

#define CAP ((size_t)2 * ORDER_KEPT)

static int compare(const void *a, const void *b)
{
	const struct order_entry *x = a, *y = b;

	if (x->key != y->key)
		return x->key < y->key ? -1 : 1;
	return (x->row > y->row) - (x->row < y->row);
}

static bool is_before(const struct order_entry *a, const struct order_entry *b)
{
	return compare(a, b) < 0;
}

static void swap(struct order_entry *a, struct order_entry *b)
{
	struct order_entry kept = *a;

	*a = *b;
	*b = kept;
}

/* The middle one of three, so that what is sorted already is no worst case. */
static struct order_entry pivot_of(const struct order_entry *entries, size_t from, size_t to)
{
	const struct order_entry *a = &entries[from], *b = &entries[from + (to - from) / 2];
	const struct order_entry *c = &entries[to - 1];

	if (is_before(a, b))
		return is_before(b, c) ? *b : is_before(a, c) ? *c : *a;
	return is_before(a, c) ? *a : is_before(b, c) ? *c : *b;
}

/* Hoare's: the `cnt` first ones come before all others. */
static void select_first(struct order_entry *entries, size_t all, size_t cnt)
{
	size_t from = 0, to = all;

	while (to - from > 1) {
		struct order_entry pivot = pivot_of(entries, from, to);
		size_t low = from, high = to - 1;

		for (;;) {
			while (is_before(&entries[low], &pivot))
				low++;
			while (is_before(&pivot, &entries[high]))
				high--;
			if (low >= high)
				break;
			swap(&entries[low++], &entries[high--]);
		}
		/* Rows differ, so no two are equal and both sides shrink. */
		if (cnt <= low)
			to = low == to ? to - 1 : low;
		else
			from = low == from ? from + 1 : low;
	}
}

static void drop_half(struct order *order)
{
	select_first(order->entries, order->cnt, ORDER_KEPT);
	order->cnt = ORDER_KEPT;
	order->most = order->entries[0];
	for (size_t i = 1; i < order->cnt; i++) {
		if (is_before(&order->most, &order->entries[i]))
			order->most = order->entries[i];
	}
	order->has_most = true;
}

int order__add(struct order *order, uint64_t key, uint64_t row)
{
	struct order_entry entry = { key, row };

	order->total++;
	if (order->has_most && !is_before(&entry, &order->most))
		return 0;
	if (order->cnt == CAP)
		drop_half(order);
	if (order->cnt == order->cap) {
		size_t cap = order->cap ? order->cap * 2 : 1024;
		struct order_entry *grown = reallocarray(order->entries, cap, sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		order->entries = grown;
		order->cap = cap;
	}
	order->entries[order->cnt++] = entry;
	return 0;
}

void order__finish(struct order *order)
{
	if (order->cnt > ORDER_KEPT)
		drop_half(order);
	if (order->cnt)
		qsort(order->entries, order->cnt, sizeof(*order->entries), compare);
}

size_t order__find(const struct order *order, uint64_t row)
{
	size_t i = 0;

	while (i < order->cnt && order->entries[i].row != row)
		i++;
	return i;
}

void order__drop(struct order *order, uint64_t first, uint64_t cnt)
{
	uint64_t behind = order->total > first ? order->total - first : 0;
	size_t at = 0;

	for (size_t i = 0; i < order->cnt; i++) {
		struct order_entry entry = order->entries[i];

		if (entry.row >= first && entry.row - first < cnt)
			continue;
		entry.row -= entry.row < first ? 0 : cnt;
		order->entries[at++] = entry;
	}
	order->cnt = at;
	order->total -= behind < cnt ? behind : cnt;
}

void order__fini(struct order *order)
{
	free(order->entries);
	*order = (struct order){ .cnt = 0 };
}

uint64_t order__key_of_double(double v)
{
	uint64_t bits;

	memcpy(&bits, &v, sizeof(bits));
	return bits >> 63 ? ~bits : bits | 1ull << 63;
}

uint64_t order__key_of_text(const char *p, size_t len)
{
	uint64_t key = 0;

	for (size_t i = 0; i < sizeof(key); i++)
		key = key << 8 | (i < len ? (unsigned char)p[i] : 0);
	return key;
}
