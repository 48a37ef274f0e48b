/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "top_k.h"

#define CAP        ((size_t)2 * TOP_K_KEPT)
#define ROUNDS_MAX 60 /* three times the logarithm of CAP */

static int compare(const void *a, const void *b)
{
	const struct top_k_entry *x = a, *y = b;

	if (x->key != y->key)
		return x->key < y->key ? -1 : 1;
	return (x->row > y->row) - (x->row < y->row);
}

static bool is_before(const struct top_k_entry *a, const struct top_k_entry *b)
{
	return compare(a, b) < 0;
}

static void swap(struct top_k_entry *a, struct top_k_entry *b)
{
	struct top_k_entry kept = *a;

	*a = *b;
	*b = kept;
}

/* The median of three, so that what is sorted already is no worst case. */
static struct top_k_entry pivot_of(const struct top_k_entry *entries, size_t from, size_t to)
{
	const struct top_k_entry *a = &entries[from], *b = &entries[from + (to - from) / 2];
	const struct top_k_entry *c = &entries[to - 1];

	if (is_before(a, b))
		return is_before(b, c) ? *b : is_before(a, c) ? *c : *a;
	return is_before(a, c) ? *a : is_before(b, c) ? *c : *b;
}

/* Hoare's quickselect: the first `cnt` come before all others. What is still left after ROUNDS_MAX
 * rounds is sorted, so no series of keys takes quadratic time. */
static void select_first(struct top_k_entry *entries, size_t all, size_t cnt)
{
	size_t from = 0, to = all;
	int rounds = ROUNDS_MAX;

	while (to - from > 1) {
		struct top_k_entry pivot = pivot_of(entries, from, to);
		size_t low = from, high = to - 1;

		if (!rounds--) {
			qsort(entries + from, to - from, sizeof(*entries), compare);
			return;
		}
		for (;;) {
			while (is_before(&entries[low], &pivot))
				low++;
			while (is_before(&pivot, &entries[high]))
				high--;
			if (low >= high)
				break;
			swap(&entries[low++], &entries[high--]);
		}
		/* No two entries are equal, since rows differ: both sides shrink. */
		if (cnt <= low)
			to = low == to ? to - 1 : low;
		else
			from = low == from ? from + 1 : low;
	}
}

static void drop_half(struct top_k *top)
{
	select_first(top->entries, top->cnt, TOP_K_KEPT);
	top->cnt = TOP_K_KEPT;
	top->most = top->entries[0];
	for (size_t i = 1; i < top->cnt; i++) {
		if (is_before(&top->most, &top->entries[i]))
			top->most = top->entries[i];
	}
	top->has_most = true;
}

int top_k__add(struct top_k *top, uint64_t key, uint64_t row)
{
	struct top_k_entry entry = { key, row };

	top->total++;
	if (top->has_most && !is_before(&entry, &top->most))
		return 0;
	if (top->cnt == CAP)
		drop_half(top);
	if (top->cnt == top->cap && array__reserve(top->entries, top->cnt + 1, &top->cap))
		return -ENOMEM;
	top->entries[top->cnt++] = entry;
	return 0;
}

void top_k__finish(struct top_k *top)
{
	if (top->cnt > TOP_K_KEPT)
		drop_half(top);
	if (top->cnt)
		qsort(top->entries, top->cnt, sizeof(*top->entries), compare);
}

size_t top_k__find(const struct top_k *top, uint64_t row)
{
	size_t i = 0;

	while (i < top->cnt && top->entries[i].row != row)
		i++;
	return i;
}

void top_k__drop(struct top_k *top, uint64_t first, uint64_t cnt)
{
	uint64_t behind = top->total > first ? top->total - first : 0;
	size_t at = 0;

	for (size_t i = 0; i < top->cnt; i++) {
		struct top_k_entry entry = top->entries[i];

		if (entry.row >= first && entry.row - first < cnt)
			continue;
		entry.row -= entry.row < first ? 0 : cnt;
		top->entries[at++] = entry;
	}
	top->cnt = at;
	top->total -= behind < cnt ? behind : cnt;
}

void top_k__fini(struct top_k *top)
{
	free(top->entries);
	*top = (struct top_k){ .cnt = 0 };
}

uint64_t top_k__key_of_double(double v)
{
	uint64_t bits;

	memcpy(&bits, &v, sizeof(bits));
	return bits >> 63 ? ~bits : bits | 1ull << 63;
}

uint64_t top_k__key_of_text(const char *p, size_t len)
{
	uint64_t key = 0;

	for (size_t i = 0; i < sizeof(key); i++)
		key = key << 8 | (i < len ? (unsigned char)p[i] : 0);
	return key;
}
